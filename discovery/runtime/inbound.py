"""What every incoming request passes through: the observer, the drain, the caller's deadline, a fault on request."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from discovery import wire
from discovery.observer import IncomingRequest
from discovery.policy.deadline import parse_ms
from discovery.policy.lifecycle import Lifecycle
from discovery.runtime import context
from discovery.runtime.health import Self
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings

_HEALTH = frozenset({wire.LIVE_PATH, wire.READY_PATH})


class Inbound:
    """The outermost middleware of a mesh server; it counts what is in flight, for the drain."""

    def __init__(self, me: Self, settings: Settings, around: Surroundings, *, edge: bool = False) -> None:
        self._edge = edge
        self._me = me
        self._settings = settings
        self._around = around
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.refusing = False
        # Whether a request ever came; questions about health are none.
        self.asked = False

    async def idle(self) -> None:
        """Wait until no request is in flight."""
        await self._idle.wait()

    async def __call__(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _HEALTH:
            return await handler(request)
        self.asked = True
        self._in_flight += 1
        self._idle.clear()
        try:
            return await self._observed(request, handler)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()

    async def _observed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        handle = self._around.observer.request(_described(request))
        status: int | None = None
        nack = ""
        failure: Exception | None = None
        mine = context.RequestContext(deadline_at=self._deadline(request))
        token = context.current.set(mine)
        try:
            with handle.activate():
                nack = self._nack(mine)
                response = _refusal(nack) if nack else self._fault() or await handler(request)
            self._sign(response, mine)
            status = response.status if await _sent(request, response) else None
        except web.HTTPException as answer:  # aiohttp's way to answer; a 404 of its own comes so too
            status = answer.status
            self._sign(answer, mine)
            raise
        except Exception as error:
            status, failure = 504 if isinstance(error, TimeoutError) else 500, error  # as aiohttp answers them
            raise
        else:
            return response
        finally:
            context.current.reset(token)
            handle.end(status, _route(request), nack, failure)

    def _deadline(self, request: web.Request) -> float | None:
        left = parse_ms(request.headers.get(wire.DEADLINE, ""))
        return None if left is None or self._edge else self._around.clock.now() + left

    def _nack(self, mine: context.RequestContext) -> str:
        if self.refusing:
            return wire.NACK_DRAINING
        if mine.deadline_at is not None and mine.deadline_at <= self._around.clock.now():
            return wire.NACK_EXPIRED
        return ""

    def _fault(self) -> web.Response | None:
        fault = self._settings.fault
        if fault is None or not fault.strikes(self._me.instance.id, self._around.rng):
            return None
        return web.Response(status=fault.status, text="a fault that an operator asked for\n")

    def _sign(self, response: web.StreamResponse, mine: context.RequestContext) -> None:
        if response.prepared:
            return
        response.headers[wire.INSTANCE] = self._me.instance.id
        if mine.exhausted and response.status >= 500:
            response.headers[wire.RETRIES_EXHAUSTED] = wire.EXHAUSTED
        if self._me.state is not Lifecycle.READY:
            response.force_close()


async def _sent(request: web.Request, response: web.StreamResponse) -> bool:
    """Send the answer now: aiohttp does it after its middlewares, and a drain would not wait for a long one.

    False when the client has gone, which aiohttp finds out by itself.
    """
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        return False
    return True


def _refusal(reason: str) -> web.Response:
    return web.Response(status=503, headers={wire.NACK: reason}, text=f"not processed: {reason}\n")


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


def _described(request: web.Request) -> IncomingRequest:
    return IncomingRequest(
        method=request.method,
        path=request.path,
        query=request.query_string,
        scheme=request.scheme,
        host=request.headers.get("Host", ""),  # request.host would ask for our own name where there is none
        peer=request.remote or "",
        user_agent=request.headers.get("User-Agent", ""),
        headers=request.headers,
    )
