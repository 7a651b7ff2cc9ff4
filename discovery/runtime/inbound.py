"""What every incoming request passes through: observer, drain, limit, the caller's deadline, a fault on request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from functools import lru_cache
from math import ceil

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy, istr

from discovery import wire
from discovery.config import MeshConfig
from discovery.incoming import RequestHandle
from discovery.observer import of_calls
from discovery.policy.deadline import parse_ms
from discovery.policy.lifecycle import Lifecycle
from discovery.runtime import context, health
from discovery.runtime.described import described, route_of, sent
from discovery.runtime.doorway import Handle
from discovery.runtime.goodbyes import Goodbyes
from discovery.runtime.lasting import is_lasting, lasts
from discovery.runtime.places import Places
from discovery.runtime.refusal import Refusal
from discovery.runtime.settings import Settings
from discovery.runtime.shedding import Shedding
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.under_way import Interruption, UnderWay, Work

# What the paths about health begin with.
_HEALTH = "/health/"
# Spares the comparison without case, and is looked up once a request or oftener.
_DEADLINE = istr(wire.DEADLINE)
_INSTANCE = istr(wire.INSTANCE)
_PRIORITY = istr(wire.PRIORITY)
# A limit of 15 s comes as a few hundred different texts at most, and nearly every request has one.
_parsed_ms = lru_cache(maxsize=1024)(parse_ms)
_UNHEARD: Mapping[str, str] = CIMultiDictProxy(CIMultiDict())
# The wire counts milliseconds, and a timer may ring that much too early.
_SLACK_S = 0.001


class Inbound:
    """Stands between the connections of a server and its application."""

    def __init__(
        self, app: web.Application, me: health.Self, settings: Settings, around: Surroundings, config: MeshConfig
    ) -> None:
        self._app = app
        self._edge = config.edge
        # A stranger's trace is not ours: it would be sampled as he likes, and what he says in it would go on to others.
        self._believes_traces = config.trust_traces or not config.edge
        self._me = me
        self._id = me.instance.id
        self._settings = settings
        self._around = around
        self._now = around.clock.now
        self._handle: Handle
        self._places = Places(settings, around.clock)
        self.under_way = UnderWay(around.clock)
        self.shedding = Shedding(around.clock, self.under_way)
        self.goodbyes = Goodbyes(around.clock, around.rng)
        self._told: dict[web.RequestHandler, RequestHandle] = {}  # who is to be told of the end of a request
        self.leaving = False  # what lasts is not begun any more
        self.refusing = False  # nor is anything else
        self._health: Mapping[str, health.Handle] = {}
        self._asked_for_health = 0

    def open(self) -> None:
        """The application has all its routes.

        Raises:
            ConfigError: when it has one that is ours.
        """
        self._health = health.answers(self._app, self._me, self._around.clock)

    def was_asked(self, requests: int) -> bool:
        """Whether among so many *requests* one was about more than our health."""
        return requests > self._asked_for_health

    def entering(self, handle: Handle) -> Handle:
        """What takes the place of *handle*, which is how the application handles a request."""
        self._handle = handle
        inner: Handle = self._unobserved if of_calls(self._around.observer) is None else self._observed

        def enter(request: web.Request) -> Awaitable[web.StreamResponse]:
            if request.raw_path.startswith(_HEALTH) and (answer := self._health.get(request.path)) is not None:
                return self._of_health(request, answer)
            return inner(request)

        return enter

    async def _unobserved(self, request: web.Request) -> web.StreamResponse:
        # All requests come by here, so what few of them need is asked by one test, and no path is taken apart.
        deadline_at, important = None, False
        if not self._edge:
            headers = request.headers
            text, important = headers.get(_DEADLINE), headers.get(_PRIORITY) == wire.HIGH
            if text is not None and (left_s := _parsed_ms(text)) is not None:
                if left_s == 0:
                    return self._early(Refusal(wire.NACK_EXPIRED))
                deadline_at = self._now() + left_s
        work = self.under_way.begin(request, deadline_at, important=important)
        # Each request has a task of its own, so nothing has to be put back.
        context.current.set(work)
        try:
            settings = self._settings
            if self.leaving or self.shedding.late or settings.fault is not None or settings.limit is not None:
                return await self._guarded(request, work)
            work.routed = True
            return await self._handle(request)
        except asyncio.CancelledError:
            if work.interruption is not Interruption.DEADLINE or work.answering or not self.under_way.undo(work):
                raise
            return self._late(work)
        except TimeoutError:
            # A call made on its behalf has the same deadline, and may be the first to say so.
            if work.answering or work.deadline_at is None or work.deadline_at > self._now() + _SLACK_S:
                raise
            return self._late(work)
        finally:
            self.under_way.end(work)

    async def _of_health(self, request: web.Request, answer: health.Handle) -> web.StreamResponse:
        self._asked_for_health += 1
        response = await answer(request)
        # What an application puts on all its answers is on this one, too, unless it asks for a route: there is none.
        with suppress(Exception):
            await self._app.on_response_prepare.send(request, response)
        return self._early(response)

    async def _observed(self, request: web.Request) -> web.StreamResponse:
        observer = self._around.observer
        headers, claimed = (request.headers, None) if self._believes_traces else (_UNHEARD, request.headers)
        if not observer.heeds(headers):
            return await self._unobserved(request)
        handle = self._told[request.protocol] = observer.request(described(request, headers, claimed))
        status: int | None = None
        nack = ""
        failure: Exception | None = None
        try:
            with handle.activate():
                response = await self._unobserved(request)
            nack = response.nack if isinstance(response, Refusal) else response.headers.get(wire.NACK, "")
            status, failure = await sent(request, response)
        except web.HTTPException as answer:  # aiohttp's way to answer; a 404 of its own comes so too
            status, nack = answer.status, answer.headers.get(wire.NACK, "")
            raise
        except Exception as error:
            status, failure = 504 if isinstance(error, TimeoutError) else 500, error  # as aiohttp answers them
            raise
        else:
            return response
        finally:
            if self._told.pop(request.protocol, None) is not None:  # else it was over with its head
                handle.end(status, await self._route(request), nack, failure)

    async def sign(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say in the head of an answer, the last moment before it is sent, what a caller has to know of us."""
        response.headers[_INSTANCE] = self._id
        work = context.current.get()
        if work.__class__ is Work:
            work.answering = True
            if work.exhausted and response.status >= 500:
                response.headers[wire.RETRIES_EXHAUSTED] = wire.EXHAUSTED
            if work.placed_at is not None:
                # What follows is a stream, which waits for its reader or for news more than it works.
                self._places.leave(work, telling=response.status < 500)
        if response.__class__ is not web.Response and work.__class__ is Work and lasts(response):
            self._opens(work, request, response)
        elif self._me.state is not Lifecycle.READY:
            _close_after(response)

    def _opens(self, work: Work, request: web.Request, response: web.StreamResponse) -> None:
        """The request is over for whoever observes it, since what it opened may last for hours."""
        told = self._told.pop(request.protocol, None)
        if told is not None:
            told.end(response.status, route_of(request.match_info))
        if isinstance(response, web.WebSocketResponse):
            self.under_way.opens(work, response)
            self.goodbyes.opening(response)
        elif self._me.state is not Lifecycle.READY:
            _close_after(response)

    async def _guarded(self, request: web.Request, work: Work) -> web.StreamResponse:
        if self.refusing:
            return self._early(Refusal(wire.NACK_DRAINING))
        if self.shedding.late and self.shedding.sheds():
            return self._early(Refusal(wire.NACK_BUSY, retry_after_s=1))
        if self.leaving and is_lasting(request):
            # Not as one who is leaving: a caller who knows nobody else asks on, and for other things is served.
            return self._early(Refusal(wire.NACK_REFUSED))
        fault = self._settings.fault
        if fault is not None and fault.strikes(self._id, self._around.rng):
            if fault.late_s:
                await self._around.clock.sleep(fault.late_s)
            if fault.status is not None:
                return self._early(web.Response(status=fault.status, text="a fault that an operator asked for\n"))
        if self._settings.limit is not None:
            return await self._placed(request, work)
        work.routed = True
        return await self._handle(request)

    async def _placed(self, request: web.Request, work: Work) -> web.StreamResponse:
        if not await self._places.enter(work):
            return self._early(Refusal(wire.NACK_BUSY, retry_after_s=ceil(self._places.retry_after_s())))
        work.routed, telling = True, False
        try:
            response = await self._handle(request)
            telling = response.status < 500
        except web.HTTPException as answer:
            telling = answer.status < 500
            raise
        except asyncio.CancelledError:
            telling = work.interruption is Interruption.DEADLINE
            raise
        else:
            return response
        finally:
            self._places.leave(work, telling=telling)

    def _late(self, work: Work) -> web.Response:
        refusal = Refusal(wire.NACK_EXPIRED)
        return refusal if work.routed else self._early(refusal)

    def _early(self, response: web.Response) -> web.Response:
        """What is answered before routing is signed here: aiohttp's signal belongs to the application that it finds."""
        if self._edge:
            response.headers.popall(wire.NACK, None)
            response.headers[hdrs.SERVER] = "edge"  # else aiohttp says what it is, and which version
        else:
            response.headers[_INSTANCE] = self._id
        if self._me.state is not Lifecycle.READY:
            _close_after(response)
        return response

    async def _route(self, request: web.Request) -> str:
        work = context.current.get()
        routed = isinstance(work, Work) and work.routed
        # A request that was refused before routing has a route all the same.
        return route_of(request.match_info if routed else await self._app.router.resolve(request))


def _close_after(response: web.StreamResponse) -> None:
    response.force_close()
    response.headers[hdrs.CONNECTION] = "close"  # aiohttp has looked at the first already when it asks for a signature
