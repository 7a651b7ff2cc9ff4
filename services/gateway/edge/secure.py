"""Strangers are to come by TLS: a port in the clear leads them there, and their browsers are told to come so next time.

TLS itself is the library's: `MESH_TLS_CERT` and `MESH_TLS_KEY`, which are read again when they change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address

from aiohttp import hdrs, web

import discovery
from discovery.web import boundary
from services.gateway import target
from services.gateway.edge.hosts import Hosts, name_of, place
from services.gateway.entrance import conceal

_HSTS = "Strict-Transport-Security"
# For how long a head may drip in, as at the other port.
_HEAD_S = 10.0
_CLOSE_S = 1.0


def redirecting(port: int, hosts: Hosts) -> Callable[[web.Application], AsyncIterator[None]]:
    """What listens on *port* while an application runs, and sends everybody to the same path at one of *hosts*."""

    async def listening(app: web.Application) -> AsyncIterator[None]:
        config = app[discovery.MESH].config
        if not config.tls_cert:
            raise discovery.ConfigError("GATEWAY_HTTP_PORT leads to TLS, which is not spoken: set MESH_TLS_CERT, too")
        runner = web.AppRunner(
            _application(hosts), access_log=None, keepalive_timeout=_HEAD_S, shutdown_timeout=_CLOSE_S
        )
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, config.host, port).start()
            except OSError as error:
                raise discovery.ConfigError(f"GATEWAY_HTTP_PORT: cannot listen on {port}: {error.strerror}") from error
            yield
        finally:
            await runner.cleanup()

    return listening


def _application(hosts: Hosts) -> web.Application:
    async def lead(request: web.Request) -> web.Response:
        # Whoever may choose the host in our answer could send others anywhere.
        host = place(request, hosts)
        target.parse(request.raw_path)
        # 308 (RFC 9110, 15.4.9) keeps the method and the body of what was asked; 301 makes a GET of a POST.
        answer = web.Response(status=308, headers={hdrs.LOCATION: f"https://{host}{request.raw_path}"})
        answer.force_close()
        return answer

    app = web.Application(middlewares=[boundary])
    app.router.add_route("*", "/{rest:.*}", lead)
    app.on_response_prepare.append(conceal)
    return app


def strict(seconds: int) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Tell browsers to come by TLS alone for so many seconds, which holds for all ports of a name."""
    value = f"max-age={seconds}"

    async def tell(request: web.Request, response: web.StreamResponse) -> None:
        if request.secure and _is_a_name(name_of(request.headers.get(hdrs.HOST, ""))):
            response.headers[_HSTS] = value

    return tell


def _is_a_name(host: str) -> bool:
    """Whether that is a host to which it may hold: no address (RFC 6797, 8.1.1), and not whatever runs on this one."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return False
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False
