"""The laptops as the laptops service last told them, kept for when it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
from pydantic import TypeAdapter
from yarl import URL

import discovery
from discovery.web import Problem
from services.recommendations.model import Laptop

# For all pages together: a recommendation that comes late is worth nothing. With an old catalogue at hand, the patience
# of who asks us (the shop's is 0.8 s) is better spent on that.
_LIMIT_S = 1.5
_LIMIT_WITH_OLD_S = 0.5
# So old may stock and prices be; and so often, whoever asks, a service that is away is asked again.
FRESH_S = 1.0
# A thousand laptops: beyond that, ranking all of them for every request would be the wrong way.
_PAGE = 100
_PAGES = 10

_LAPTOPS = TypeAdapter(list[Laptop])


@dataclass(frozen=True, slots=True)
class Known:
    """What is known: the laptops, whether these are all, and when they were told (seconds since 1970)."""

    laptops: Sequence[Laptop]
    whole: bool
    as_of_s: float

    @property
    def ids(self) -> frozenset[int]:
        """The ids of the laptops."""
        return frozenset(laptop.id for laptop in self.laptops)


class Catalogue:
    """Learns the laptops when somebody needs them, for all who need them at the same time."""

    def __init__(self, around: discovery.Surroundings) -> None:
        self._clock = around.clock
        self._known: Known | None = None
        self._again_at = 0.0
        self._current = False
        self._learning = asyncio.Lock()

    async def laptops(self, mesh: discovery.Mesh) -> tuple[Known, bool]:
        """What is known, and whether that is current.

        Raises:
            Problem: 503, when the laptops service has never told.
        """
        async with self._learning:
            if self._clock.now() >= self._again_at:
                self._current = await self._learn(mesh)
                self._again_at = self._clock.now() + FRESH_S
        if self._known is None:
            raise Problem(503, "the laptops service has not told its laptops yet", headers={"Retry-After": "1"})
        return self._known, self._current

    async def _learn(self, mesh: discovery.Mesh) -> bool:
        limit_s = _LIMIT_WITH_OLD_S if self._known else _LIMIT_S
        try:
            async with asyncio.timeout(limit_s):
                laptops, whole = await _read(mesh, limit_s)
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        self._known = Known(laptops, whole, self._clock.wall())
        return True


async def _read(mesh: discovery.Mesh, limit_s: float) -> tuple[list[Laptop], bool]:
    """The pages one after the other, and whether the last of them was the last there is."""
    service = mesh.service("laptops")
    found: list[Laptop] = []
    path = f"/laptops?limit={_PAGE}"
    for _ in range(_PAGES):
        async with service.get(path, timeout=limit_s) as response:
            response.raise_for_status()
            found += _LAPTOPS.validate_json(await response.read())
            following = response.links.get("next")
        if following is None:
            return found, True
        # Only its path: it was resolved against one instance, and the next page may come from another.
        path = URL(str(following["url"])).raw_path_qs
    return found, False
