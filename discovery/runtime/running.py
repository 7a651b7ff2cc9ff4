"""``discovery.run``: a server as the whole of a process, from the first line to the signal that ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from discovery.config import MeshConfig
from discovery.errors import MeshError
from discovery.runtime.server import Observe, serving

# What a shell reports for a process that a signal ended.
_SIGNALLED = 128


def run(app: web.Application, config: MeshConfig, *, observe: Observe | None = None, register: bool = True) -> None:
    """Serve *app* in the mesh until SIGTERM or SIGINT, then leave politely. A second signal ends it at once.

    ::

        async def listed(request: web.Request) -> web.Response:
            return web.json_response([{"id": 1, "name": "left"}])

        app = web.Application()
        app.router.add_get("/ports", listed)
        discovery.run(app, discovery.MeshConfig.from_env("ports"))

    What is not to *register* follows the others as any member does, and is found by nobody.

    Exits with 0 after a signal, and with 2 and one sentence on the standard error when it could not serve.
    """
    try:
        asyncio.run(_until_stopped(app, config, observe, register=register))
    except MeshError as error:
        sys.exit(_told(config.name, error))


async def _until_stopped(app: web.Application, config: MeshConfig, observe: Observe | None, *, register: bool) -> None:
    stop = asyncio.Event()
    with _on_signals(stop):
        async with serving(app, config, observe=observe, register=register) as server:
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, server.failed}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        if server.failed.done() and not server.failed.cancelled():
            server.failed.result()


@contextmanager
def _on_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def heard(number: int) -> None:
        if stop.is_set():
            os._exit(_SIGNALLED + number)
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, heard, number)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _told(name: str, error: MeshError) -> int:
    print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - the last word of a process that could not serve
    return 2
