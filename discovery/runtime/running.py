"""``discovery.run``: a server as the whole of a process, from the first line to the signal that ends it."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from typing import Any, overload

from aiohttp import web

from discovery.config import MeshConfig
from discovery.errors import MeshError
from discovery.observer import Observe
from discovery.runtime.server import serving
from discovery.runtime.signals import Ending, heard


@overload
def run(
    app: web.Application,
    config: MeshConfig,
    *,
    observe: Observe | None = None,
    register: bool = True,
    sock: socket.socket | None = None,
) -> None: ...


@overload
def run(
    app: web.Application,
    config: str,
    *,
    observe: Observe | None = None,
    register: bool = True,
    sock: socket.socket | None = None,
    default_port: int = 0,
    **settings: Any,
) -> None: ...


def run(
    app: web.Application,
    config: MeshConfig | str,
    *,
    observe: Observe | None = None,
    register: bool = True,
    sock: socket.socket | None = None,
    **settings: Any,
) -> None:
    """Serve *app* in the mesh until SIGTERM or SIGINT, then leave politely. A second signal ends it at once.

    ::

        async def listed(request: web.Request) -> web.Response:
            return web.json_response([{"id": 1, "name": "left"}])

        app = web.Application()
        app.router.add_get("/ports", listed)
        discovery.run(app, "ports", default_port=8003, tags=("v2",))

    *config* is the name of the service, whose settings are then read from the environment, as
    :meth:`MeshConfig.from_env <discovery.MeshConfig.from_env>` does, to which *settings* go; or settings that are
    there already.

    *observe* is told what happens, such as ``observability.observer``; without it the log is, by the standard library's
    ``logging``: of changes and troubles, not of calls. What is not to *register* follows the others as any member does,
    and is found by nobody. A *sock* that somebody else bound is served in the place of the settings' host and port:
    systemd, which activates a service by its socket, hands in ``socket.socket(fileno=3)``.

    The garbage collector passes over what is there before the first request, until this returns.

    Exits with 0 after a signal, and with 2 and one line on the standard error when it could not serve, be it for a
    variable that makes no sense. Settings that are made before, in an argument, fail where they are made.

    Raises:
        TypeError: for a setting that there is not, or one beside settings that are there already.
    """
    if isinstance(config, MeshConfig) and settings:
        raise TypeError(f"{', '.join(settings)}: such settings are said with a name, or in the MeshConfig itself")
    name = config if isinstance(config, str) else config.name
    ending: Ending | None = None
    try:
        chosen = MeshConfig.from_env(config, **settings) if isinstance(config, str) else config
        ending = Ending(name, chosen.stop_s)
        asyncio.run(_until_stopped(app, chosen, observe, ending, register=register, sock=sock))
    except MeshError as error:
        sys.exit(_told(name, error))
    finally:
        gc.unfreeze()
        if ending is not None:
            ending.left()


async def _until_stopped(
    app: web.Application,
    config: MeshConfig,
    observe: Observe | None,
    ending: Ending,
    *,
    register: bool,
    sock: socket.socket | None = None,
) -> None:
    stop, task, up = asyncio.Event(), asyncio.current_task(), False

    def begin() -> None:
        stop.set()
        if not up and task is not None:
            task.cancel()  # a start may take as long as it likes, and nobody is served yet

    app.on_startup.append(_settle)
    with heard((signal.SIGINT, signal.SIGTERM), ending, begin):
        try:
            async with serving(app, config, observe=observe, register=register, sock=sock) as server:
                up = True
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait({stopping, server.failed}, return_when=asyncio.FIRST_COMPLETED)
                stopping.cancel()
        except asyncio.CancelledError:
            if up or not stop.is_set():
                raise
            return
        if server.failed.done() and not server.failed.cancelled():
            server.failed.result()


async def _settle(_: web.Application) -> None:
    """Let the garbage collector pass over what is there before the first request, and stays until the end.

    Else it would look through all of that, for a tenth of a second, as soon as some hundred connections are held.
    """
    gc.collect()
    gc.freeze()


def _told(name: str, error: MeshError) -> int:
    print(f"{name}: {error}", file=sys.stderr)  # noqa: T201 - the last word of a process that could not serve
    return 2
