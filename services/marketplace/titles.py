"""What laptops are called, for pages that know them by their ids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from aiohttp import web

import discovery
from discovery.web import Problem
from services.marketplace.pages import CATALOGUE
from services.marketplace.peers import Away

# A page says "Laptop 7" rather than wait for longer, and of more than so many.
LIMIT_S = 0.6
_MOST = 24


async def titles_of(request: web.Request, laptops: Iterable[int]) -> Mapping[int, str]:
    """The titles of those *laptops*, or of the first of them, of which the catalogue tells them in time."""
    asked = list(dict.fromkeys(laptops))[:_MOST]
    told = await asyncio.gather(*(_title(request, laptop) for laptop in asked))
    return {laptop: title for laptop, title in zip(asked, told, strict=True) if title}


async def _title(request: web.Request, laptop: int) -> str:
    try:
        async with asyncio.timeout(LIMIT_S):
            known = await request.app[CATALOGUE].laptop(request.app[discovery.MESH], laptop)
    except (Away, Problem, TimeoutError):
        return ""
    return known.value.title
