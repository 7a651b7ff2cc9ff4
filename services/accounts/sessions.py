"""From a password to tokens, from a refresh token to the next, and the end of it."""

from __future__ import annotations

import logging
import secrets

from sqlalchemy import Connection

import discovery
from services.accounts import account_store, attempt_store, family_store
from services.accounts.access_token import Claims, SigningKey, signed
from services.accounts.account_store import Kept
from services.accounts.attempt_store import pair_of
from services.accounts.hashing import Hashing, Place
from services.accounts.key_policy import TOKEN_S
from services.accounts.keyring import Keyring
from services.accounts.model import LoginDraft, Tokens
from services.accounts.proof import Proof
from services.accounts.refresh_token import FAMILY_S, Family, RefreshToken, Verdict, judge
from services.accounts.refusals import logged_out, wrong_credentials
from services.kit.auth.issuer import Issuer
from services.kit.data.database import Database

_log = logging.getLogger(__name__)


class Sessions:
    """Logins. Each is a family of refresh tokens, of which one is good at a time."""

    def __init__(
        self, database: Database, hashing: Hashing, keyring: Keyring, issuer: Issuer, around: discovery.Surroundings
    ) -> None:
        self._database = database
        self._hashing = hashing
        self._keyring = keyring
        self._issuer = issuer
        self._clock = around.clock
        self._proof = Proof(database, around)

    async def log_in(self, draft: LoginDraft, address: str) -> Tokens:
        """The first tokens of a new login.

        Raises:
            Problem: 401 for wrong credentials, whatever is wrong with them; 429 after too many of them from *address*;
                503 while too many others log in.
        """
        with self._hashing.place() as place:
            key = await self._keyring.signing()
            # Another password may take the place of the one that was right, until the login is kept.
            while account := await self._proof.account(place, draft.email, draft.password, address):
                if tokens := await self._begin(place, key, account, draft.password, address):
                    return tokens
        raise wrong_credentials()

    async def renew(self, text: str) -> Tokens:
        """The tokens that follow the refresh token *text*.

        Raises:
            Problem: 401, when it is good no longer. When it was used before, the login ends with it.
        """
        if (token := RefreshToken.parse(text)) is None:
            raise logged_out()
        key, now_s = await self._keyring.signing(), self._clock.wall()

        def work(connection: Connection) -> tuple[Verdict | None, Kept | None, RefreshToken]:
            family = family_store.get(connection, token.family)
            if family is None:
                return None, None, token
            account, verdict = account_store.by_id(connection, family.account), judge(token, family, now_s)
            successor = token.successor(family.key)
            if verdict is Verdict.NEWEST:
                family_store.renew(connection, family, successor, now_s)
            elif verdict is not Verdict.REPEATED:
                family_store.remove(connection, family.id)
            return verdict, account, successor

        verdict, account, successor = await self._database.write(work)
        if account is not None and verdict is Verdict.STOLEN:
            _log.warning("an old refresh token of account %s was used again: that login is over", account.id)
        if account is None or verdict not in {Verdict.NEWEST, Verdict.REPEATED}:
            raise logged_out()
        return self._tokens(key, account, successor, now_s)

    async def log_out(self, text: str) -> None:
        """End the login that the refresh token *text* is of, unless it has ended already."""
        if token := RefreshToken.parse(text):
            await self._database.write(lambda connection: family_store.remove(connection, token.family))

    async def _begin(self, place: Place, key: SigningKey, account: Kept, password: str, address: str) -> Tokens | None:
        """Keep a new login of *account*; None, if its password is another one by now, or it is gone."""
        better = await place.hash(password) if place.is_outdated(account.password) else None
        first, now_s = RefreshToken.first(secrets.token_bytes(48)), self._clock.wall()
        family = Family(
            first.family, account.id, secrets.token_bytes(32), first.digest(), None, now_s, now_s + FAMILY_S
        )

        def work(connection: Connection) -> Kept | None:
            current = account_store.by_id(connection, account.id)
            if current is None or current.password != account.password:
                return None
            attempt_store.forgive(connection, pair_of(account.email, address))
            family_store.add(connection, family, now_s)
            if better:
                account_store.set_password(connection, account.id, better)
            return current

        current = await self._database.write(work)
        return self._tokens(key, current, first, now_s) if current else None

    def _tokens(self, key: SigningKey, account: Kept, refresh: RefreshToken, now_s: float) -> Tokens:
        claims = Claims(
            *(self._issuer.url, self._issuer.audience, account.id, account.scope),
            now_s,
            secrets.token_urlsafe(16),
        )
        return Tokens(
            access_token=signed(claims, key),
            expires_in=int(TOKEN_S),
            refresh_token=refresh.text(),
            scope=account.scope,
        )
