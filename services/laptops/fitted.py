"""The ports that a laptop is fitted with, as the ports service tells them; its absence is told, never passed on."""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import web

import discovery
from services.laptops.model import FittedLaptop, Laptop

# A laptop without its ports is worth more than one that comes late.
_LIMIT_S = 1.5


async def fitted(request: web.Request, laptop: Laptop) -> FittedLaptop:
    """*laptop* with its ports."""
    ports, notice = await _ports(request.app[discovery.MESH], laptop.id)
    return FittedLaptop.model_construct(**laptop.model_dump(), ports=ports, notice=notice)


async def _ports(mesh: discovery.Mesh, laptop: int) -> tuple[list[dict[str, Any]] | None, str | None]:
    """The ports, and what is to be said about them."""
    try:
        async with mesh.get("http://ports/ports", params={"laptop": laptop}, timeout=_LIMIT_S) as response:
            response.raise_for_status()
            ports = await response.json()
            more = "next" in response.links
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None, "the ports are missing: the ports service could not tell them in time"
    if not isinstance(ports, list) or not all(isinstance(port, dict) for port in ports):
        return None, "the ports are missing: the ports service answered something else"
    return ports, f"only the first {len(ports)} ports are shown" if more else None
