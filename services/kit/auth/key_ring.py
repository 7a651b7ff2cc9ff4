"""The keys of an issuer, kept up to date while it can be asked, and as they were while it cannot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import discovery
from services.kit.auth.issuer import Issuer
from services.kit.auth.keys import NO_KEYS, Keys, WrongKeys, read_keys

_log = logging.getLogger(__name__)

# How often we ask without being made to; an issuer publishes a key for longer than that before it signs with it.
REFRESH_S = 60.0
# How often strangers can make us ask, by naming keys that nobody has; also the pause after a failure.
AGAIN_S = 10.0
# The pause after a failure while nothing is known, so while nobody who has a token is served.
EAGER_S = 1.0
# One question, its repetitions included.
FETCH_S = 2.0
# How long one request waits for a question that it may have caused.
_WAIT_S = 2.5
# How often it is told that the issuer is away; not at first, since all may have been started at the same moment.
_GRACE_S = 5.0
_TELL_S = 300.0
_DOCUMENT_MAX = 64 * 1024

Fetch: TypeAlias = Callable[[], Awaitable[bytes]]


async def fetch_keys(mesh: discovery.Mesh, issuer: Issuer) -> bytes:
    """What *issuer* publishes, as bytes.

    Raises:
        WrongKeys: when it answers with anything but a document, or with a large one.
        aiohttp.ClientError: when it does not answer.
    """
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with mesh.get(issuer.keys_url, headers=headers, allow_redirects=False) as response:
        if response.status != 200:
            raise WrongKeys(f"it answers {response.status}")
        raw = b""
        async for piece in response.content.iter_any():
            raw += piece
            if len(raw) > _DOCUMENT_MAX:
                raise WrongKeys(f"it answers with more than {_DOCUMENT_MAX} bytes")
        return raw


class KeyRing:
    """The keys of *issuer*. Those that were read last are good until others were read, however long that takes."""

    def __init__(self, issuer: Issuer, around: discovery.Surroundings) -> None:
        self.keys: Keys = NO_KEYS
        self.issuer = issuer
        self.clock = around.clock
        self._rng = around.rng
        self._read_at = 0.0
        self._quiet_until = 0.0
        self._told = False
        # Whether a question is under way, or would be asked at once.
        self._asking = False
        self._wanted = asyncio.Event()
        self._answered = asyncio.Event()

    @asynccontextmanager
    async def following(self, fetch: Fetch) -> AsyncIterator[None]:
        """Have the keys fetched at once, and from then on until the block ends; it begins without them."""
        self._asking = True
        self._quiet_until = self.clock.now() + _GRACE_S
        task = asyncio.create_task(self._follow(fetch), name="keys of the issuer")
        try:
            yield
        finally:
            self._asking = False
            task.cancel()
            await asyncio.wait([task])

    async def renewed(self) -> None:
        """Have the keys asked for because one is missing, and wait for the answer if that is a matter of a moment."""
        self._wanted.set()
        if self._asking:
            with suppress(TimeoutError):
                async with self.clock.timeout(_WAIT_S):
                    await self._answered.wait()

    async def _follow(self, fetch: Fetch) -> None:
        may_be_caused_at = self.clock.now()
        while True:
            good = await self._ask(fetch)
            self._wanted.clear()
            self._asking = False
            self._answered.set()
            self._answered = asyncio.Event()
            pause = REFRESH_S if good else AGAIN_S if self.keys else EAGER_S
            pause *= self._rng.uniform(0.8, 1.2)
            rest = min(pause, max(0.0, may_be_caused_at - self.clock.now()))
            await self.clock.sleep(rest)
            self._asking = True
            with suppress(TimeoutError):
                async with self.clock.timeout(pause - rest):
                    await self._wanted.wait()
                may_be_caused_at = self.clock.now() + AGAIN_S

    async def _ask(self, fetch: Fetch) -> bool:
        try:
            async with self.clock.timeout(FETCH_S):
                keys = read_keys(await fetch(), self.keys)
        except Exception as error:  # noqa: BLE001 - whatever an issuer answers, it has to be asked again
            self._tell(error)
            return False
        if self._told or keys != self.keys:
            _log.info("the keys of the issuer %s are %s", self.issuer.url, ", ".join(sorted(keys)))
        self.keys = keys
        self._read_at = self._quiet_until = self.clock.now()
        self._told = False
        return True

    def _tell(self, error: Exception) -> None:
        now = self.clock.now()
        if now < self._quiet_until:
            return
        self._quiet_until = now + _TELL_S
        self._told = True
        known = f"those of {now - self._read_at:.0f} s ago stay good"
        meanwhile = known if self.keys else "whoever sends a token is answered 503"
        reason = str(error) or type(error).__name__
        _log.warning("the keys of the issuer %s cannot be read: %s; %s", self.issuer.url, reason, meanwhile)
