"""python-consul2, carried over pooled aiohttp sessions.

The package's own asyncio carrier opens a connection for every request and limits neither time nor size. Its base
classes leave the carrier to us, so this one keeps a pool, bounds both, and translates every failure, once, into
:class:`~discovery.errors.RegistryUnavailable` or :class:`~discovery.errors.RegistryRejected`.

The token travels in a header that only the session knows: no URL, log line, error or chained exception holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from yarl import URL

from discovery.errors import RegistryUnavailable
from discovery.registry.codec import Garbled
from discovery.registry.consul_base import base
from discovery.registry.verdict import is_absent, verdict

T = TypeVar("T")
Callback = Callable[[base.Response], T]
Pairs = Sequence[tuple[str, str]]

# An agent is on this host or next to it: a handshake that takes longer is not going to happen.
_CONNECT_S = 2.0
# 10,000 instances are about 13 MB, and 28 MB from an agent that indents.
_SIZE_MAX = 64 * 1024 * 1024
# About 200 instances, 3 ms of decoding. More is read in a thread, so that the event loop gets its turns.
_ON_LOOP_MAX = 256 * 1024


class Carrier(base.HTTPClient):  # type: ignore[misc]  # python-consul2 is not typed
    """One pool of at most *connections* to one agent (0: as many as are asked for).

    A request may take *margin_s*, plus what it asked Consul to wait. What Consul has no entry for comes as a 404,
    whatever its version says.
    """

    def __init__(self, url: str, token: str = "", *, connections: int = 0, margin_s: float = 10.0) -> None:
        base_url = URL(url)
        super().__init__(base_url.host, base_url.port, base_url.scheme)
        self.base_uri = url.rstrip("/")
        self._who = f"Consul at {base_url.with_user(None).with_query(None)}".rstrip("/")
        self._token = token
        self._connections = connections
        self._margin_s = margin_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            # The agent is close, so packing costs more than it saves; and what is not unpacked cannot explode.
            headers={"Accept-Encoding": "identity"} | ({"X-Consul-Token": self._token} if self._token else {}),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        headers: Mapping[str, str] | None = None,
        *,
        wait_s: float = 0.0,
    ) -> T:
        return await self._request(callback, "GET", self.uri(path, params), headers=headers, wait_s=wait_s)

    async def put(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "PUT", self.uri(path, params), headers=headers, data=data)

    async def post(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "POST", self.uri(path, params), headers=headers, data=data)

    async def delete(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "DELETE", self.uri(path, params), headers=headers, data=data)

    async def _request(
        self,
        callback: Callback[T],
        method: str,
        uri: str,
        *,
        headers: Mapping[str, str] | None,
        data: str | bytes = "",
        wait_s: float = 0.0,
    ) -> T:
        if self._session is None:
            raise RuntimeError("the connections to the registry belong to its `async with` block")
        # Consul adds up to a sixteenth to a wait, so that readers do not come back all at once.
        limit_s = wait_s * 17 / 16 + self._margin_s
        url = URL(uri, encoded=True)
        try:
            async with self._session.request(
                method,
                url,
                data=data or None,
                headers=headers,
                allow_redirects=False,  # a token is for this agent alone
                timeout=aiohttp.ClientTimeout(total=limit_s, sock_connect=_CONNECT_S),
            ) as answer:
                response = _Response(answer.status, answer.headers, "", await _read(answer))
        except aiohttp.ClientConnectorError as exc:
            trouble = f"cannot be reached ({exc.os_error}): is the agent running, and CONSUL_HTTP_ADDR right?"
        except TimeoutError:
            trouble = f"did not answer {method} {url.path} within {limit_s:g} s: is the agent overloaded or frozen?"
        except (aiohttp.ClientError, OSError) as exc:
            said = exc.message if isinstance(exc, aiohttp.ClientResponseError) else exc
            trouble = f"broke off {method} {url.path} ({type(exc).__name__}: {said}): is that a Consul agent?"
        else:
            if len(response.content) <= _ON_LOOP_MAX:
                return self._judged(callback, response)
            return await asyncio.to_thread(self._judged, callback, response)
        # Raised here, so that nothing is chained: aiohttp's exceptions show the headers of the request.
        raise RegistryUnavailable(self._discreet(f"{self._who} {trouble}"))

    def _judged(self, callback: Callback[T], response: base.Response) -> T:
        if not 200 <= response.code < 300:
            if is_absent(response.code, response.headers, response.body):
                response = response._replace(code=404)
            elif error := verdict(self._who, response.code, self._discreet(response.body)):
                raise error
        try:
            return callback(response)
        except Garbled as exc:
            raise RegistryUnavailable(f"{self._who} gave a garbled answer ({exc}): is that a Consul agent?") from None

    def _discreet(self, words: str) -> str:
        return words.replace(self._token, "(token)") if self._token else words


class Consul(base.Consul):  # type: ignore[misc]  # python-consul2 is not typed
    """The parts of python-consul2's client that we use, on our carrier.

    The constructor of the base class is left out on purpose. It lets ``CONSUL_HTTP_*`` variables beat arguments,
    fails on addresses that it cannot split, and warns of two groups of calls that nobody uses here.
    """

    http: Carrier

    def __init__(self, http: Carrier) -> None:
        self.http = http
        self.token = None  # the carrier sends it
        self.agent = base.Consul.Agent(self)


class _Response(base.Response):  # type: ignore[misc]  # python-consul2 is not typed
    """An answer of which the text is made when it is read: nobody reads a long one, and a copy of it holds the loop."""

    __slots__ = ()

    @property
    def body(self) -> str:
        """The content as text."""
        text: str = self.content.decode(errors="replace")
        return text


async def _read(answer: aiohttp.ClientResponse) -> bytearray:
    content = bytearray()
    async for chunk in answer.content.iter_any():
        content += chunk
        if len(content) > _SIZE_MAX:
            raise aiohttp.ClientPayloadError(f"the answer is longer than {_SIZE_MAX} bytes")
    return content
