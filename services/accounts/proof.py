"""Whether a password is an account's: as slowly, and in the same steps, when there is no such account."""

from __future__ import annotations

from sqlalchemy import Connection

import discovery
from services.accounts import account_store, attempt_store
from services.accounts.account_store import Kept
from services.accounts.attempt_store import pair_of
from services.accounts.hashing import Place
from services.accounts.refusals import delayed
from services.kit.data.database import Database


class Proof:
    """Checks passwords, and lets whoever guesses wait."""

    def __init__(self, database: Database, around: discovery.Surroundings) -> None:
        self._database = database
        self._clock = around.clock

    async def account(self, place: Place, email: str, password: str, address: str) -> Kept | None:
        """The account *email*, if *password* is its own; the guess from *address* counts until it is forgiven.

        Raises:
            Problem: 429, for the next guess after too many wrong ones.
        """
        now_s, pair = self._clock.wall(), pair_of(email, address)

        def work(connection: Connection) -> tuple[float, Kept | None]:
            return attempt_store.count(connection, pair, now_s), account_store.by_email(connection, email)

        wait_s, account = await self._database.write(work)
        if wait_s:
            raise delayed(wait_s)
        right = await place.matches(password, account.password if account else None)
        return account if right else None
