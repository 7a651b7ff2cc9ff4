"""What the world is led to: the services of the allow-list, by what they say of themselves, followed as it changes.

Each one's document is read from its instances over the mesh, and again when one of another version is there. What was
read last stays while nobody answers, or answers with what cannot be used. Before anything was read, a request waits
for it a moment, and is then told to come again: that nothing is here would be a guess.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress

import aiohttp
from aiohttp import web

import discovery
from discovery.web import Problem
from services.gateway import document
from services.gateway.document import Document, Unsound
from services.gateway.standing import Standing, version_of
from services.gateway.table import Closed, Table, Way
from services.gateway.target import SHOP

_log = logging.getLogger(__name__)

# A document comes in milliseconds; who needs longer is not well.
READ_S = 5.0
# For how long a request waits for what is being read for the first time.
WAIT_S = 2.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
# Instances are chosen by load, so one of a certain version comes up sooner or later: so many are asked in a row.
_IN_A_ROW = 6


class Published:
    """The table of what is led where, and the documents it was made of."""

    def __init__(self, listed: Sequence[str], around: discovery.Surroundings | None = None) -> None:
        self.listed = tuple(listed)
        self.table = Table(self.listed)
        self._around = around or discovery.Surroundings()
        self._standing = {service: Standing() for service in self.listed}
        # Set while somebody is there, and was asked at least once if that was possible.
        self._asked = {service: asyncio.Event() for service in self.listed}

    async def follow(self, app: web.Application) -> AsyncIterator[None]:
        """Follow all of them while *app* runs, and the shop: when they are asked for, the registry may be away."""
        mesh = app[discovery.MESH]
        tasks = [asyncio.create_task(self._follow(mesh, service), name=f"read {service}") for service in self.listed]
        tasks.append(asyncio.create_task(_watch_only(mesh, SHOP), name=f"watch {SHOP}"))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    @property
    def documents(self) -> dict[str, Document | None]:
        """Of each service that is known, the document to show; None where it has none."""
        return {service: it.shown for service, it in self._standing.items() if it.heard}

    async def way(self, mesh: discovery.Mesh, method: str, segments: Sequence[str]) -> Way | Closed | None:
        """Where a request for *segments* goes, as soon as that can be known.

        Raises:
            Problem: 503, while it cannot.
        """
        if found := self.table.find(method, segments):
            return found
        unheard = await self._unheard(await self.present(mesh, segments[0]))
        found = self.table.find(method, segments)
        # Who has the prefix may be on his way back, as all are to a registry that has lost its memory.
        owner = self._standing.get(self.table.owner(segments[0]))
        if found is None and (unheard or (owner and not owner.heard)):
            raise _not_told("it is not known yet what can be asked here")
        return found

    async def present(self, mesh: discovery.Mesh, wanted: str = "") -> tuple[str, ...]:
        """Those that the registry, or our own settings, know now; the registry is asked once more for a *wanted* one.

        Raises:
            Problem: 503 until the registry has told us.
        """
        names = await mesh.names(wanted if wanted in self.listed else "")
        if not names:
            raise _not_told("the registry has not told yet what is here")
        return tuple([name for name in self.listed if name in names or name in mesh.config.static])

    async def heard(self, mesh: discovery.Mesh) -> tuple[str, ...]:
        """Those that are there, once each of them was asked.

        Raises:
            Problem: likewise.
        """
        present = await self.present(mesh)
        await self._unheard(present)
        return present

    async def _unheard(self, present: Iterable[str]) -> list[str]:
        """Wait a moment for whoever is asked for the first time, and return those who said nothing."""
        unheard = [service for service in present if not self._standing[service].heard]
        with suppress(TimeoutError):
            async with self._around.clock.timeout(WAIT_S):
                for service in unheard:
                    await self._asked[service].wait()
        return [service for service in unheard if not self._standing[service].heard]

    def _changed(self) -> None:
        refused = self.table.refused
        self.table = Table(
            self.listed,
            {service: it.named for service, it in self._standing.items() if it.heard},
            awaited=[service for service, it in self._standing.items() if it.awaited],
        )
        for refusal in self.table.refused:
            if refusal not in refused:
                _log.warning("%s", refusal)

    async def _follow(self, mesh: discovery.Mesh, service: str) -> None:
        news = asyncio.Event()
        watching = asyncio.create_task(self._watch(mesh, service, news), name=f"watch {service}")
        try:
            await self._read_on(mesh, service, news)
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    async def _watch(self, mesh: discovery.Mesh, service: str, news: asyncio.Event) -> None:
        standing = self._standing[service]
        while True:
            try:
                async for view in mesh.watch(service):
                    standing.see(view.instances)
                    if view.instances and not (standing.missing and standing.instances):
                        self._asked[service].set()
                    else:
                        self._asked[service].clear()
                    self._changed()
                    news.set()
            except discovery.TooManyServices as error:
                _log.warning("%s cannot be led to: %s", service, error)
                await self._around.clock.sleep(_LONGEST_PAUSE_S)

    async def _read_on(self, mesh: discovery.Mesh, service: str, news: asyncio.Event) -> None:
        standing, told, pause_s = self._standing[service], "", _PAUSE_S
        while True:
            news.clear()
            trouble = ""
            if standing.missing and standing.instances:
                trouble = await self._read(mesh, service)
                self._asked[service].set()
            if trouble and trouble != told:
                kept = "what it said before stays" if standing.heard else "nobody is led to it until then"
                _log.warning("the document of %s could not be read, %s: %s", service, kept, trouble)
            told = trouble
            if not standing.missing or not standing.instances:
                pause_s = _PAUSE_S
                await news.wait()
                continue
            try:
                async with self._around.clock.timeout(pause_s):
                    await news.wait()
            except TimeoutError:
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _read(self, mesh: discovery.Mesh, service: str) -> str:
        """Ask until all versions were read, or often enough; return what was wrong last."""
        standing, trouble = self._standing[service], ""
        for _ in range(_IN_A_ROW):
            try:
                version, found = await fetch(mesh, service)
            except Exception as error:  # noqa: BLE001 - whatever a service answers, it has to be asked again
                known = isinstance(error, Unsound | aiohttp.ClientError)
                trouble = (known and str(error)) or type(error).__name__
            else:
                standing.take(version, found)
                self._changed()
            if not standing.missing or trouble:
                break
        return trouble


PUBLISHED = web.AppKey("published", Published)


async def fetch(mesh: discovery.Mesh, service: str) -> tuple[str, Document | None]:
    """The document of one instance of *service*, and its version; None where it has none.

    Raises:
        Unsound: when what came cannot be used.
        CallError: when nothing came.
    """
    url = f"http://{service}/openapi.json"
    async with mesh.get(url, timeout=READ_S, headers={"Accept": "application/json"}) as answer:
        version = version_of(discovery.attempts(answer)[-1].instance)
        if answer.status == 404:
            return version, None
        if answer.status != 200:
            raise Unsound(f"the answer was {answer.status}")
        raw = bytearray()
        async for piece in answer.content.iter_chunked(64 * 1024):
            raw += piece
            if len(raw) > document.MOST_BYTES:
                break
    return version, document.read(bytes(raw))


async def _watch_only(mesh: discovery.Mesh, service: str) -> None:
    async for _ in mesh.watch(service):
        pass


def _not_told(why: str) -> Problem:
    return Problem(503, why, headers={"Retry-After": "2"})
