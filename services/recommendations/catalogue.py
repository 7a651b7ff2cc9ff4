"""The laptops as the laptops service tells them: all of them are read at first, and then events say what has changed.

They are read again now and then, and whenever other instances are there to ask: what no event told (a database that was
restored, say) is found out that way.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

import aiohttp
from pydantic import TypeAdapter
from yarl import URL

import discovery
from discovery.web import Problem
from services.kit.data.database import Database
from services.recommendations import laptops
from services.recommendations.laptops import MOST, Known
from services.recommendations.model import Laptop

_log = logging.getLogger(__name__)

# For all pages together; of one, an operator may say less. Nobody waits for them but who comes before the very first.
_LIMIT_S = 5.0
# How often all are read.
EVERY_S = 300.0
# How soon again who did not answer.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_PAGE = 100

_LAPTOPS = TypeAdapter(list[Laptop])


def pause_s(failures: int, chance: float) -> float:
    """How long to wait after so many *failures* in a row; *chance* from 0 to 1 keeps instances apart."""
    wait_s = min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), _LONGEST_PAUSE_S) if failures else EVERY_S
    return wait_s * (0.75 + chance / 2)


class Catalogue:
    """Reads them into *database*. ``current`` says whether the last attempt succeeded; ``tried``, whether one was made;
    ``readings`` how many succeeded; ``last`` is what somebody found in the table, for who looks there next.
    """

    def __init__(self, database: Database, around: discovery.Surroundings) -> None:
        self.current = False
        self.tried = asyncio.Event()
        self.readings = 0
        self.last: Known | None = None
        self._database = database
        self._clock, self._rng = around.clock, around.rng
        self._due = asyncio.Event()

    def look_again(self) -> None:
        """Read them now: there are others to ask."""
        self._due.set()

    def lost(self, readings: int) -> None:
        """Nothing is in the table, says who looked there after so many *readings*.

        If that was the last of them, somebody emptied it: read them now, not when it is time. Who comes meanwhile
        waits, as at the start. While they cannot be read, they are tried again anyway.
        """
        if self.current and readings == self.readings:
            self.current = False
            self.tried.clear()
            self._due.set()

    async def follow(self, mesh: discovery.Mesh) -> None:
        """Read them whenever it is time, until it is cancelled."""
        failures = 0
        await self._wait(_FIRST_PAUSE_S)
        while True:
            self._due.clear()
            self.current = await self._learn(mesh)
            self.readings += self.current
            self.tried.set()
            failures = 0 if self.current else failures + 1
            await self._wait(pause_s(failures, self._rng.random()))

    async def _wait(self, seconds: float) -> None:
        """Wait for so long, or until there are others to ask."""
        with suppress(TimeoutError):
            async with self._clock.timeout(seconds):
                await self._due.wait()

    async def _learn(self, mesh: discovery.Mesh) -> bool:
        try:
            began = await self._database.read(laptops.changes)
            async with asyncio.timeout(_LIMIT_S):
                found, whole = await _read(mesh)
            work = partial(laptops.replace, laptops=found, whole=whole, began=began, at_s=self._clock.wall())
            await self._database.write(work)
        except (aiohttp.ClientError, TimeoutError, ValueError, Problem) as why:
            _log.info("the laptops are read later: %s", why)
            return False
        except Exception:  # noqa: BLE001 - whatever it was, they have to be read the next time
            _log.exception("the laptops are read later")
            return False
        return True


async def _read(mesh: discovery.Mesh) -> tuple[list[Laptop], bool]:
    """The pages one after the other, and whether the last of them was the last there is."""
    service = mesh.service("laptops")
    found: list[Laptop] = []
    path = f"/laptops?limit={_PAGE}"
    for _ in range(MOST // _PAGE):
        async with service.get(path) as response:
            response.raise_for_status()
            found += _LAPTOPS.validate_json(await response.read())
            following = response.links.get("next")
        if following is None:
            return found, True
        # Only its path: it was resolved against one instance, and the next page may come from another.
        path = URL(str(following["url"])).raw_path_qs
    return found, False
