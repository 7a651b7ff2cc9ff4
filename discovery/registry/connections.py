"""Requests over a pool of connections to one agent: an answer, or why there was none."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self
from weakref import WeakSet

import aiohttp
from yarl import URL

from discovery.clock import SystemClock
from discovery.registry.access import Access

# An agent is on this host or next to it: a handshake that takes longer is not going to happen.
_CONNECT_S = 2.0
# 10,000 instances are about 13 MB, and 28 MB from an agent that indents.
_SIZE_MAX = 64 * 1024 * 1024
# Of the loop, until it has seen that a connection is gone, and has closed it.
_TURNS = 32


class Trouble(NamedTuple):
    """Why there was no answer; ``tls`` when it was for want of encryption that both could agree on."""

    text: str
    tls: bool = False


class Response(NamedTuple):
    """An answer of which the text is made when it is read: nobody reads a long one, and a copy of it holds the loop.

    ``content`` are the bytes as they were gathered.
    """

    code: int
    headers: Mapping[str, str]
    content: Any

    @property
    def body(self) -> str:
        """The content as text."""
        text: str = self.content.decode(errors="replace")
        return text


class Connections:
    """At most *limit* of them (0: as many as are asked for)."""

    def __init__(self, access: Access, limit: int) -> None:
        self._access = access
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None
        self._sockets: WeakSet[socket.socket] = WeakSet()

    async def __aenter__(self) -> Self:
        connector = (
            aiohttp.UnixConnector(self._access.socket, limit=self._limit)
            if self._access.socket
            else aiohttp.TCPConnector(limit=self._limit, socket_factory=self._socket)
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # The agent is close, so packing costs more than it saves; and what is not unpacked cannot explode.
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        # Over TLS a request that was cancelled leaves a connection that is still taking its leave, for as long as the
        # agent lets it. Nobody waits for that, and nothing is left open.
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for _ in range(_TURNS):
            if all(each.fileno() == -1 for each in self._sockets):
                break
            await SystemClock().sleep(0)

    async def ask(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        data: str | bytes,
        *,
        limit_s: float,
        context: ssl.SSLContext | None,
    ) -> Response | Trouble:
        """Ask once, within *limit_s*; a connection that has to be made for it is encrypted by *context*."""
        if self._session is None:
            raise RuntimeError("the connections to the registry belong to its `async with` block")
        way = self._way(context)
        try:
            async with self._session.request(
                method,
                url,
                data=data or None,
                headers={**headers, **way.pop("headers", {})},
                allow_redirects=False,  # a token is for this agent alone
                timeout=aiohttp.ClientTimeout(total=limit_s, sock_connect=_CONNECT_S),
                **way,
            ) as answer:
                return Response(answer.status, answer.headers, await _read(answer))
        except aiohttp.ClientConnectorError as exc:  # some of them are TimeoutErrors as well
            return self._trouble(exc, f"{method} {url.path}")
        except aiohttp.ConnectionTimeoutError:
            advice = "is the address right, and no firewall between us?"
            return Trouble(f"cannot be reached within {_CONNECT_S:g} s: {advice}")
        except TimeoutError:
            return Trouble(
                f"did not answer {method} {url.path} within {limit_s:g} s: is the agent overloaded or frozen?"
            )
        except (aiohttp.ClientError, OSError) as exc:
            return self._trouble(exc, f"{method} {url.path}")

    def _socket(self, address: Sequence[Any]) -> socket.socket:
        made = socket.socket(*address[:3])
        self._sockets.add(made)
        return made

    def _way(self, context: ssl.SSLContext | None) -> dict[str, Any]:
        """What a request has to be told about its way to the agent."""
        way: dict[str, Any] = {"ssl": context} if context is not None else {}
        if self._access.encrypted and self._access.server_name:
            way["server_hostname"] = self._access.server_name
        if self._access.proxy:
            way["proxy"] = self._access.proxy
            if any(login := self._access.proxy_login):
                # To a proxy that opens a tunnel it is said before, and the agent never sees it.
                kind = "proxy_headers" if self._access.encrypted else "headers"
                way[kind] = {"Proxy-Authorization": aiohttp.encode_basic_auth(*login)}
        return way

    def _trouble(self, exc: Exception, what: str) -> Trouble:
        if error := _tls_error(exc):
            return Trouble(str(self._access.misgiving(error)), tls=True)
        if isinstance(exc, aiohttp.ClientProxyConnectionError):
            advice = "is HTTP_PROXY right, or should NO_PROXY name Consul's host?"
            return Trouble(f"cannot be reached, since the proxy cannot ({exc.os_error}): {advice}")
        if isinstance(exc, aiohttp.ClientHttpProxyError):
            advice = "should NO_PROXY name Consul's host?"
            return Trouble(f"cannot be reached, since the proxy answered {exc.status}: {advice}")
        if isinstance(exc, aiohttp.ClientConnectorError):
            advice = "is the agent running, and CONSUL_HTTP_ADDR right?"
            if isinstance(exc.os_error, PermissionError) and self._access.socket:
                advice = "may this user open it (unix_sockets in the agent's configuration)?"
            return Trouble(f"cannot be reached ({exc.os_error}): {advice}")
        said = exc.message if isinstance(exc, aiohttp.ClientResponseError) else exc
        advice = "is that a Consul agent?"
        if self._access.encrypted:
            advice = f"{advice[:-1]}, and does it want a certificate (CONSUL_CLIENT_CERT)?"
        return Trouble(f"broke off {what} ({type(exc).__name__}: {said}): {advice}")


def _tls_error(exc: BaseException | None) -> ssl.SSLError | None:
    """The failure of TLS behind an exception, if it was that; aiohttp's own are of the same kind, and say less."""
    while exc is not None and (isinstance(exc, aiohttp.ClientError) or not isinstance(exc, ssl.SSLError)):
        exc = exc.__cause__ or exc.__context__
    return exc


async def _read(answer: aiohttp.ClientResponse) -> bytearray:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > _SIZE_MAX:
            raise aiohttp.ClientPayloadError(f"the answer is longer than {_SIZE_MAX} bytes")
    return content
