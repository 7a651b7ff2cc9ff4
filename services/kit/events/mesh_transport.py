"""Events over the mesh: each subscriber is called."""

from __future__ import annotations

from collections.abc import Collection

import aiohttp

import discovery
from services.kit.events.event import AGAIN, MEDIA_TYPE
from services.kit.events.outbox import Waiting
from services.kit.events.subscribers import subscribers
from services.kit.events.transport import Undelivered

# A subscriber tries several times, with pauses, before it answers.
_LIMIT_S = 10.0


class MeshTransport:
    """To all who take the events of *source*."""

    system = "mesh"
    stores = False

    def __init__(self, mesh: discovery.Mesh, source: str) -> None:
        self._mesh = mesh
        self._source = source

    async def subscribers(self) -> Collection[str]:
        """Those that the registry names."""
        return await subscribers(self._mesh, self._source)

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        """Call one of its instances, whichever: they share what they took."""
        headers = {"Content-Type": MEDIA_TYPE, **({AGAIN: "1"} if again else {})}
        calling = self._mesh.service(subscriber).post("/events", data=event.raw, headers=headers, timeout=_LIMIT_S)
        try:
            async with calling as response:
                if response.status >= 300:
                    raise Undelivered(f"{subscriber} answered {response.status}")
        except (aiohttp.ClientError, TimeoutError, discovery.MeshError) as error:
            raise Undelivered(f"{subscriber} could not be called: {error}") from None
