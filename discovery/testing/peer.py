"""A real server as a peer: it listens on a free port, stands in a registry, and remembers what it was sent."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from discovery.model import Instance
from discovery.registry.port import Enrolment, HttpCheck, Registration
from discovery.testing.received import Received
from discovery.wire import READY_PATH

# A handler that hangs is cancelled when the test is over; aiohttp takes 0 for "wait for ever".
_SHUTDOWN_S = 0.05

PeerHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Peer:
    """A peer that is up. ``received`` grows by every request, before it is handled."""

    instance: Instance
    received: list[Received] = field(default_factory=list)


@asynccontextmanager
async def peer(
    registry: Enrolment,
    service: str,
    handler: PeerHandler | None = None,
    *,
    id: str = "",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Peer]:
    """Be an instance of *service* while the block lasts.

    Without a *handler* every request is answered by 200 and the instance's id. Nothing of a mesh is in this server:
    it is in *registry* from the first moment of the block until its end, as secure where it speaks *tls*.
    """

    async def receive(request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        one.received.append(Received.of(request, body))
        return await handler(request) if handler else web.Response(text=one.instance.id)

    server = web.Server(receive, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        host, port = runner.addresses[0]
        meta = {"secure": "true"} if tls is not None else {}
        one = Peer(Instance(id=id or f"{service}-{host}-{port}", service=service, host=host, port=port, meta=meta))
        check = HttpCheck(url=f"{one.instance.origin}{READY_PATH}", interval_s=5, timeout_s=2, deregister_after_s=60)
        await registry.register(Registration(one.instance, check))
        try:
            yield one
        finally:
            await registry.deregister(one.instance.id)
    finally:
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()  # else an answer that nobody reads would keep it open
        await runner.cleanup()
