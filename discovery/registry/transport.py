"""python-consul2, carried over pooled aiohttp sessions.

The package's own asyncio carrier opens a connection for every request and limits neither time nor size. Its base
classes leave the carrier to us, so this one keeps a pool, bounds both, and translates every failure, once, into
:class:`~discovery.errors.RegistryUnavailable` or :class:`~discovery.errors.RegistryRejected`.

The token travels in a header of one request: no URL, log line, error or chained exception holds it. Which one it is,
and by which certificate a connection is made, is decided for each request, since both may be replaced at any time.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from yarl import URL

from discovery.errors import RegistryUnavailable
from discovery.registry.access import Access
from discovery.registry.codec import Garbled
from discovery.registry.connections import Connections, Response, Trouble
from discovery.registry.consul_base import Agent, base
from discovery.registry.rights import right
from discovery.registry.verdict import is_absent, verdict

T = TypeVar("T")
Callback = Callable[[Response], T]
Pairs = Sequence[tuple[str, str]]

# About 200 instances, 3 ms of decoding. More is read in a thread, so that the event loop gets its turns.
_ON_LOOP_MAX = 256 * 1024


class Carrier(base.HTTPClient):  # type: ignore[misc]  # python-consul2 is not typed
    """One pool of at most *connections* to one agent (0: as many as are asked for).

    A request may take *margin_s*, plus what it asked Consul to wait. What Consul has no entry for comes as a 404,
    whatever its version says.
    """

    def __init__(self, access: Access, *, connections: int = 0, margin_s: float = 10.0) -> None:
        url = URL(access.base_url)
        super().__init__(url.host, url.port, url.scheme)
        self.base_uri = access.base_url
        self._access = access
        self._connections = Connections(access, connections)
        self._margin_s = margin_s

    async def __aenter__(self) -> Self:
        if self._access.changes:
            await asyncio.to_thread(self._access.look)
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.__aexit__(kind, error, trace)

    def close(self) -> None:
        """Nothing: it ends with its block. py-consul asks for such a method."""

    async def get(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        headers: Mapping[str, str] | None = None,
        *,
        wait_s: float = 0.0,
    ) -> T:
        return await self._request(callback, "GET", path, params, headers, wait_s=wait_s)

    async def put(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "PUT", path, params, headers, data=data)

    async def post(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "POST", path, params, headers, data=data)

    async def delete(
        self,
        callback: Callback[T],
        path: str,
        params: Pairs = (),
        data: str | bytes = "",
        headers: Mapping[str, str] | None = None,
    ) -> T:
        return await self._request(callback, "DELETE", path, params, headers, data=data)

    async def _request(
        self,
        callback: Callback[T],
        method: str,
        path: str,
        params: Pairs,
        headers: Mapping[str, str] | None,
        *,
        data: str | bytes = "",
        wait_s: float = 0.0,
    ) -> T:
        url = URL(self.uri(path, [*params, *self._access.scope]), encoded=True)
        # Consul adds up to a sixteenth to a wait, so that readers do not come back all at once.
        limit_s = wait_s * 17 / 16 + self._margin_s

        async def ask() -> tuple[str, ssl.SSLContext | None, Response | Trouble]:
            token, context = self._access.token, self._access.context
            said = {**(headers or {}), **({"X-Consul-Token": token} if token else {})}
            answer = await self._connections.ask(method, url, said, data, limit_s=limit_s, context=context)
            return token, context, answer

        token, context, got = await ask()
        # Nothing was done yet, so it may be asked again, if there is another token or certificate by now.
        if self._access.changes and (got.tls if isinstance(got, Trouble) else got.code == 403):
            await asyncio.to_thread(self._access.look, closely=True)
            if token != self._access.token or context is not self._access.context:
                token, context, got = await ask()
        if isinstance(got, Trouble):
            # Raised here, so that nothing is chained: aiohttp's exceptions show the headers of the request.
            raise RegistryUnavailable(_discreet(f"{self._access.who} {got.text}", token))
        needed = right(method, path, self._access.service)
        if len(got.content) <= _ON_LOOP_MAX:
            return self._judged(callback, got, token, needed)
        return await asyncio.to_thread(self._judged, callback, got, token, needed)

    def _judged(self, callback: Callback[T], response: Response, token: str, needed: str) -> T:
        who = self._access.who
        if not 200 <= response.code < 300:
            if is_absent(response.code, response.headers, response.body):
                response = response._replace(code=404)
            elif error := verdict(who, response.code, _discreet(response.body, token), needed):
                raise error
        try:
            return callback(response)
        except Garbled as exc:
            raise RegistryUnavailable(f"{who} gave a garbled answer ({exc}): is that a Consul agent?") from None


def _discreet(words: str, token: str) -> str:
    return words.replace(token, "(token)") if token else words


class Consul(base.Consul):  # type: ignore[misc]  # python-consul2 is not typed
    """The parts of python-consul2's client that we use, on our carrier.

    The constructor of the base class is left out on purpose. It lets ``CONSUL_HTTP_*`` variables beat arguments,
    fails on addresses that it cannot split, and warns of two groups of calls that nobody uses here.
    """

    http: Carrier

    def __init__(self, http: Carrier) -> None:
        self.http = http
        self.token = None  # the carrier sends it
        self.agent = Agent(self)
