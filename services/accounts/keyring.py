"""The signing keys as this instance knows them: read again every few seconds, and kept while the database is away."""

from __future__ import annotations

import asyncio
import logging

from sqlalchemy import Connection

import discovery
from discovery.web import Problem
from services.accounts import key_store
from services.accounts.access_token import SigningKey
from services.accounts.key_policy import Term, is_over, published, signing, wanted
from services.kit.data.database import Database

_log = logging.getLogger(__name__)

# Far below the time for which a key is published before it signs, and for which it stays when it has ceased to.
REREAD_S = 15.0


class Keyring:
    """All instances have the same keys, since they keep them in the one *database*."""

    def __init__(self, database: Database, around: discovery.Surroundings) -> None:
        self._database = database
        self._clock = around.clock
        self._keys: list[SigningKey] = []
        self._reread_at = float("-inf")
        self._reading = asyncio.Lock()

    async def signing(self) -> SigningKey:
        """The key that signs now.

        Raises:
            Problem: 503, while the database has never been reached.
        """
        keys = await self._known()
        term = signing([key.term for key in keys], self._clock.wall())
        return next(key for key in keys if key.term == term)

    async def published(self) -> list[SigningKey]:
        """Those that verifiers are told of: the one that signs, the next, and those before it that may be needed.

        Raises:
            Problem: likewise.
        """
        keys = await self._known()
        told = published([key.term for key in keys], self._clock.wall())
        return [key for key in keys if key.term in told]

    async def rotate(self, *, at_once: bool = False) -> Term | None:
        """Let the next key sign as soon as verifiers can know it; None: that is under way already."""
        await self._known()
        now_s = self._clock.wall()
        return await self._database.write(lambda connection: key_store.rotate(connection, now_s, at_once=at_once))

    async def _known(self) -> list[SigningKey]:
        if self._clock.now() >= self._reread_at:
            async with self._reading:
                if self._clock.now() >= self._reread_at:
                    await self._read()
        return self._keys

    async def _read(self) -> None:
        try:
            keys = await self._database.read(key_store.keys)
            terms, now_s = [key.term for key in keys], self._clock.wall()
            if wanted(terms, now_s) or any(is_over(term, terms, now_s) for term in terms):
                keys = await self._tend(now_s)
        except Problem as problem:
            if not self._keys:
                raise
            _log.warning("the signing keys cannot be read again, and stay as they are: %s", problem.detail)
        else:
            if [key.name for key in keys] != [key.name for key in self._keys]:
                _log.info("signing keys: %s", ", ".join(key.name for key in keys))
            self._keys = keys
        self._reread_at = self._clock.now() + REREAD_S

    async def _tend(self, now_s: float) -> list[SigningKey]:
        def work(connection: Connection) -> list[SigningKey]:
            key_store.tend(connection, now_s)
            return key_store.keys(connection)

        return await self._database.write(work)
