"""Instances that fail, each in its way: what enrols one tells how many requests have reached it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from aiohttp import web

from discovery import wire
from discovery.testing.peer import PeerHandler, peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import OK, Behaviour, Wire, misbehaving, refusing
from tests.discovery.runtime.support import enrol

Failing = Callable[[FakeRegistry, str], AbstractAsyncContextManager[Callable[[], int]]]


def answers(*statuses: int, **headers: str) -> PeerHandler:
    """Answers with each of *statuses* in turn, and with the last for ever."""
    left = list(statuses)
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handler(request: web.BaseRequest) -> web.Response:
        status = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=status, headers=named, text=f"said {status}")

    return handler


def nacks() -> PeerHandler:
    return answers(503, **{wire.NACK: wire.NACK_DRAINING})


async def answers_once(wire: Wire) -> None:
    """Answers the first request of a connection, and hangs up on the second."""
    await wire.request()
    await wire.write(OK)
    await wire.request()


def raw(behaviour: Behaviour) -> Failing:
    @asynccontextmanager
    async def failing(registry: FakeRegistry, id: str) -> AsyncIterator[Callable[[], int]]:
        async with misbehaving(behaviour) as server:
            await enrol(registry, id, server.address)
            yield lambda: len(server.requests)

    return failing


def saying(*statuses: int, **headers: str) -> Failing:
    @asynccontextmanager
    async def failing(registry: FakeRegistry, id: str) -> AsyncIterator[Callable[[], int]]:
        async with peer(registry, "ports", answers(*statuses, **headers), id=id) as one:
            yield lambda: len(one.received)

    return failing


@asynccontextmanager
async def dead(registry: FakeRegistry, id: str) -> AsyncIterator[Callable[[], int]]:
    with refusing() as address:
        await enrol(registry, id, address)
        yield lambda: 0
