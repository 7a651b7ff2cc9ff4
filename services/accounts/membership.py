"""Accounts, from the first day to the last: signing up, another password, leaving."""

from __future__ import annotations

import uuid
from dataclasses import replace

from sqlalchemy import Connection

import discovery
from services.accounts import account_store, attempt_store, family_store
from services.accounts.account_store import Kept
from services.accounts.attempt_store import pair_of
from services.accounts.hashing import Hashing
from services.accounts.model import Account, AccountDraft, PasswordChange, PasswordChanged
from services.accounts.proof import Proof
from services.accounts.refusals import wrong_password
from services.kit.auth.verifier import unauthorised
from services.kit.data.database import Database


class Membership:
    """Who has an account."""

    def __init__(self, database: Database, hashing: Hashing, around: discovery.Surroundings) -> None:
        self._database = database
        self._hashing = hashing
        self._proof = Proof(database, around)

    async def sign_up(self, draft: AccountDraft, *, staff: bool = False) -> Account:
        """A new account.

        Raises:
            Problem: 409 when the email is taken; 503 while too many passwords wait to be hashed.
        """
        with self._hashing.place() as place:
            password = await place.hash(draft.password)
        kept = Kept(uuid.uuid4().hex, draft.email, password, staff)
        await self._database.write(lambda connection: account_store.add(connection, kept))
        return kept.shown()

    async def appoint(self, email: str) -> Account | None:
        """Make *email*'s account staff, with the password that it has; None: there is no such account."""

        def work(connection: Connection) -> Account | None:
            if (kept := account_store.by_email(connection, email)) is None:
                return None
            account_store.promote(connection, kept.id)
            return replace(kept, staff=True).shown()

        return await self._database.write(work)

    async def read(self, id: str) -> Account:
        """The account.

        Raises:
            Problem: 401, when it was deleted since the token of the caller was made.
        """
        return (await self._kept(id)).shown()

    async def change_password(self, id: str, change: PasswordChange, address: str) -> PasswordChanged:
        """Put the new password in the place of the old one, and end all logins.

        Raises:
            Problem: 403 when the old one is wrong, 429 after too many of them, 401 and 503 likewise.
        """
        with self._hashing.place() as place:
            email = (await self._kept(id)).email
            # Another password may take the place of the one that was right, while the new one is hashed.
            while account := await self._proof.account(place, email, change.old, address):
                password = await place.hash(change.new)
                if (ended := await self._replace(account, password, address)) is not None:
                    return PasswordChanged(logins_ended=ended)
        raise wrong_password()

    async def delete(self, id: str) -> None:
        """Delete the account with all its logins, unless it is gone already."""
        await self._database.write(lambda connection: account_store.remove(connection, id))

    async def _kept(self, id: str) -> Kept:
        kept = await self._database.read(lambda connection: account_store.by_id(connection, id))
        if kept is None:
            raise unauthorised(sent=True)
        return kept

    async def _replace(self, account: Kept, password: str, address: str) -> int | None:
        """How many logins ended; None, if the password is another one by now, or the account is gone."""

        def work(connection: Connection) -> int | None:
            current = account_store.by_id(connection, account.id)
            if current is None or current.password != account.password:
                return None
            account_store.set_password(connection, account.id, password)
            attempt_store.forgive(connection, pair_of(account.email, address))
            return family_store.remove_all(connection, account.id)

        return await self._database.write(work)
