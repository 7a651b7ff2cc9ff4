"""The ports that a laptop is fitted with, as the ports service tells them; its absence is told, never passed on."""

from __future__ import annotations

from typing import Any

import aiohttp

import discovery

# A laptop without its ports is worth more than one that comes late.
_LIMIT_S = 1.5


async def fitted(mesh: discovery.Mesh, laptop: int) -> dict[str, Any]:
    """The members ``ports`` of a laptop and, where something is missing, ``notice``."""
    try:
        async with mesh.get("http://ports/ports", params={"laptop": laptop}, timeout=_LIMIT_S) as response:
            response.raise_for_status()
            ports = await response.json()
            more = "next" in response.links
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return {"ports": None, "notice": "the ports are missing: the ports service could not tell them in time"}
    if not isinstance(ports, list):
        return {"ports": None, "notice": "the ports are missing: the ports service answered something else"}
    return {"ports": ports} | ({"notice": f"only the first {len(ports)} ports are shown"} if more else {})
