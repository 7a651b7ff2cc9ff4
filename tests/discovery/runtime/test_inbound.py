"""What every incoming request passes through, asked over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.observer import Event, EventsOnly, SettingsChanged
from discovery.runtime import context
from discovery.testing.observer import RecordingObserver, RequestEnd
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import misbehaving, never_answers
from tests.discovery.runtime.failing import answers
from tests.discovery.runtime.support import DOORS, Door, NoWaiting, an_app, enrol, left_behind, up


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


async def conflict(request: web.Request) -> web.Response:
    raise web.HTTPConflict


async def too_slow(request: web.Request) -> web.Response:
    raise TimeoutError("the database took too long")


async def broken(request: web.Request) -> web.Response:
    raise ZeroDivisionError


async def streamed(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"ok")
    return response


@pytest.mark.parametrize(
    ("path", "status", "route", "error"),
    [
        ("/ok", 200, "/ok", None),
        ("/streamed", 200, "/streamed", None),
        ("/conflict", 409, "/conflict", None),
        ("/nowhere", 404, "", None),
        ("/too_slow", 504, "/too_slow", TimeoutError),
        ("/broken", 500, "/broken", ZeroDivisionError),
    ],
)
async def test_the_observer_is_told_of_every_request_once(
    registry: FakeRegistry,
    observer: RecordingObserver,
    path: str,
    status: int,
    route: str,
    error: type[Exception] | None,
) -> None:
    app = an_app(ok=ok, streamed=streamed, conflict=conflict, too_slow=too_slow, broken=broken)
    async with up(app, registry, observer) as one, one.get(f"{path}?a=1", headers={"User-Agent": "x"}) as response:
        assert response.status == status

    (told,) = observer.requests
    (end,) = told.ends
    assert (end.status, end.route, end.nack) == (status, route, "")
    assert type(end.error) is (error or type(None))
    assert (told.request.method, told.request.path, told.request.query) == ("GET", path, "a=1")
    assert (told.request.peer, told.request.user_agent) == ("127.0.0.1", "x")


async def test_the_checks_of_the_registry_are_not_told(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with up(web.Application(), registry, observer) as one:
        for path in (wire.LIVE_PATH, wire.READY_PATH):
            async with one.get(path) as response:
                assert response.status == 200
    assert observer.requests == []


async def test_who_wants_events_alone_is_not_even_asked_about_calls_and_requests(registry: FakeRegistry) -> None:
    class Events(EventsOnly):
        def __init__(self) -> None:
            self.events: list[Event] = []

        def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
            raise AssertionError

        def notify(self, event: Event, /) -> None:
            self.events.append(event)

    async def asking(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://ports/") as response:
            return web.Response(status=response.status)

    observer = Events()
    asked = up(an_app(asking=asking), registry, observer)
    async with peer(registry, "ports"), asked as one, one.get("/asking") as response:
        assert response.status == 200
    assert observer.events
    assert isinstance(discovery.Surroundings().observer, EventsOnly), "so the default costs a call nothing"


async def test_who_heeds_nothing_is_told_of_events_alone(registry: FakeRegistry) -> None:
    class Heedless(RecordingObserver):
        def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
            return False

    async def asking(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://ports/") as response:
            return web.Response(status=response.status)

    observer = Heedless()
    asked = up(an_app(asking=asking), registry, observer)
    async with peer(registry, "ports"), asked as one, one.get("/asking") as response:
        assert response.status == 200
    assert (observer.calls, observer.requests) == ([], [])
    assert observer.events


async def test_a_handler_runs_within_its_request(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def active(request: web.Request) -> web.Response:
        return web.json_response([each.active for each in observer.requests])

    async with up(an_app(active=active), registry, observer) as one:
        async with one.get("/active") as response:
            assert await response.json() == [True]
        assert not observer.requests[0].active


async def test_an_answer_says_which_process_gave_it(registry: FakeRegistry) -> None:
    async with up(an_app(ok=ok, conflict=conflict), registry) as one:
        for path in ("/ok", "/conflict", "/nowhere"):
            async with one.get(path) as response:
                assert response.headers[wire.INSTANCE] == one.server.instance.id


async def test_who_leaves_while_an_answer_is_sent_is_told_once(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    @discovery.uninterrupted
    async def slow(request: web.Request) -> web.Response:
        began.set()
        await go_on.wait()
        return web.Response(body=b"x" * 10_000_000)

    async with up(an_app(slow=slow), registry, observer) as one:
        await left_behind(one, began)
        go_on.set()
        await observer.until(lambda: not observer.unsettled())
    assert [end for request in observer.requests for end in request.ends] == [RequestEnd(None, "/slow", "", None)]


@pytest.mark.parametrize(
    ("header", "left"),
    [
        ("1500", (1.0, 1.5)),
        (None, None),
        ("", None),
        ("-1", None),
        ("1e3", None),
        ("soon", None),
        ("999999999", None),
        ("٣", None),
    ],
)
async def test_the_callers_time_is_read_strictly(
    registry: FakeRegistry, header: str | None, left: tuple[float, float] | None
) -> None:
    async def deadline(request: web.Request) -> web.Response:
        mine = context.current.get()
        assert mine is not None
        at = mine.deadline_at
        return web.json_response(None if at is None else at - asyncio.get_running_loop().time())

    headers = {} if header is None else {wire.DEADLINE: header}
    async with up(an_app(deadline=deadline), registry) as one, one.get("/deadline", headers=headers) as response:
        said = await response.json()
    if left is None:
        assert said is None
    else:
        assert left[0] < said <= left[1]
    assert context.current.get() is None


async def test_what_came_too_late_is_not_processed(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with (
        up(an_app(broken=broken), registry, observer) as one,
        one.get("/broken", headers={wire.DEADLINE: "0"}) as response,
    ):
        assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_EXPIRED)
    assert [end for request in observer.requests for end in request.ends] == [
        RequestEnd(503, "/broken", wire.NACK_EXPIRED, None)
    ]


@pytest.mark.parametrize(
    ("edge", "came", "says", "sent"),
    [
        pytest.param(False, {wire.PRIORITY: "high"}, {}, "high", id="what it was asked for"),
        pytest.param(False, {}, {}, None, id="nothing"),
        pytest.param(False, {wire.PRIORITY: "low"}, {}, None, id="a word that is none"),
        pytest.param(False, {wire.PRIORITY: "high"}, {wire.PRIORITY: "low"}, "low", id="what the call says itself"),
        pytest.param(False, {}, {wire.PRIORITY: "high"}, "high", id="more than it was asked for"),
        pytest.param(True, {wire.PRIORITY: "high"}, {}, None, id="never a stranger's word"),
        pytest.param(True, {}, {wire.PRIORITY: "high"}, "high", id="the word of the edge itself"),
    ],
)
@pytest.mark.parametrize("door", DOORS)
async def test_the_calls_of_an_important_request_are_important(
    registry: FakeRegistry, door: Door, edge: bool, came: dict[str, str], says: dict[str, str], sent: str | None
) -> None:
    async def relay(request: web.Request) -> web.Response:
        async with door(request.app[discovery.MESH], "GET", "/", headers=says) as response:
            return web.Response(text=await response.text())

    async with (
        up(an_app(relay=relay), registry, name="relay", edge=edge) as one,
        peer(registry, "ports") as behind,
        one.get("/relay", headers=came) as response,
    ):
        assert response.status == 200
    assert [received.headers.get(wire.PRIORITY) for received in behind.received] == [sent]


async def test_what_an_important_request_leaves_behind_is_important_no_more(registry: FakeRegistry) -> None:
    answered, tasks = asyncio.Event(), list[asyncio.Task[None]]()

    async def relay(request: web.Request) -> web.Response:
        async def later() -> None:
            await answered.wait()
            async with request.app[discovery.MESH].get("http://ports/"):
                pass

        tasks.append(asyncio.create_task(later()))
        return web.Response()

    async with up(an_app(relay=relay), registry, name="relay") as one, peer(registry, "ports") as behind:
        async with one.get("/relay", headers={wire.PRIORITY: wire.HIGH}):
            pass
        answered.set()
        await asyncio.gather(*tasks)
    assert [wire.PRIORITY in received.headers for received in behind.received] == [False]


async def test_the_callers_time_bounds_our_own_calls(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def relay(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://behind/") as response:
            return web.Response(text=await response.text())

    async with up(an_app(relay=relay), registry, observer) as one, misbehaving(never_answers) as behind:
        await enrol(registry, "b", behind.address, service="behind")
        async with one.get("/relay", headers={wire.DEADLINE: "150"}) as response:
            assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_EXPIRED)

    (head,) = behind.requests
    (left,) = [int(line.split(b":")[1]) for line in head.splitlines() if line.startswith(wire.DEADLINE.encode())]
    assert 50 < left <= 150


@pytest.mark.parametrize("status", [200, 404, 500, 502])
async def test_a_5xx_says_when_our_own_retries_were_in_vain(registry: FakeRegistry, status: int) -> None:
    async def relay(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://behind/") as response:
            assert response.status == 503
        return web.Response(status=status)

    async with (
        up(an_app(relay=relay), registry, clock=NoWaiting()) as one,
        peer(registry, "behind", answers(503)),
        one.get("/relay") as response,
    ):
        assert response.headers.get(wire.RETRIES_EXHAUSTED) == (wire.EXHAUSTED if status >= 500 else None)


async def test_an_operator_can_have_faults_injected(registry: FakeRegistry, observer: RecordingObserver) -> None:
    registry.set_values({"mesh/ports/fault": '{"status": 503}'})
    async with up(an_app(ok=ok), registry, observer, faults=True) as one:
        await observer.until(lambda: bool(observer.told(SettingsChanged)))
        async with one.get("/ok") as response:
            assert (response.status, await response.text()) == (503, "a fault that an operator asked for\n")
        async with one.get(wire.READY_PATH) as response:
            assert response.status == 200


async def test_a_refusal_at_the_edge_says_nothing_about_us_but_is_told(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    began = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        began.set()
        await request.app[discovery.LEAVING].wait()
        async with asyncio.timeout(5), one.get("/slow") as refused:
            heads.append((refused.status, set(refused.headers), refused.headers["Server"]))
        return web.Response()

    heads: list[tuple[int, set[str], str]] = []
    async with aiohttp.ClientSession() as session:
        async with up(an_app(slow=slow), registry, observer, edge=True, stop_s=10) as one:
            asking = asyncio.create_task(session.get(f"http://{one.server.instance.address}/slow"))
            await began.wait()
        (await asking).release()
    assert heads == [(503, {"Server", "Content-Type", "Content-Length", "Connection", "Date"}, "edge")]
    assert sorted(end.nack for request in observer.requests for end in request.ends) == ["", wire.NACK_DRAINING]


async def test_who_breaks_an_answer_off_may_say_why(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def breaks(request: web.Request) -> web.StreamResponse:
        response = await streamed(request)
        if "why" in request.query:
            response[discovery.BROKE_OFF] = ZeroDivisionError()
        assert request.transport is not None
        request.transport.abort()
        return response

    async with up(an_app(breaks=breaks), registry, observer) as one:
        for path in ("/breaks?why", "/breaks"):
            with pytest.raises(aiohttp.ClientError):
                async with one.get(path) as response:
                    await response.read()
    assert [(end.status, type(end.error)) for told in observer.requests for end in told.ends] == [
        (200, ZeroDivisionError),
        (None, type(None)),
    ]


async def test_the_edge_tells_no_observer_which_trace_a_stranger_says_he_is_in(registry: FakeRegistry) -> None:
    observer, said = RecordingObserver(), {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "baggage": "a=b"}
    async with up(an_app(ok=ok), registry, observer, edge=True) as one, one.get("/ok", headers=said):
        pass
    assert [dict(request.request.headers) for request in observer.requests] == [{}]
    assert [(request.request.claimed or {}).get("traceparent") for request in observer.requests] == [
        said["traceparent"]
    ]


async def test_an_edge_that_trusts_traces_tells_its_observer_what_came(registry: FakeRegistry) -> None:
    observer, said = RecordingObserver(), {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "baggage": "a=b"}
    async with (
        up(an_app(ok=ok), registry, observer, edge=True, trust_traces=True) as one,
        one.get("/ok", headers={**said, wire.DEADLINE: "0"}) as response,
    ):
        assert response.status == 200, "nothing else of what a stranger says is believed"
    (told,) = observer.requests
    assert {name: told.request.headers[name] for name in said} == said
    assert told.request.claimed is None


async def test_a_handler_that_streams_says_which_process_it_is_in(registry: FakeRegistry) -> None:
    async with up(an_app(streamed=streamed, broken=broken), registry) as one:
        for path in ("/streamed", "/broken"):
            async with one.get(path) as response:
                assert response.headers[wire.INSTANCE] == one.server.instance.id


async def test_an_application_has_the_last_word_on_its_answers(registry: FakeRegistry) -> None:
    async def conceal(request: web.Request, response: web.StreamResponse) -> None:
        del response.headers[wire.INSTANCE]

    app = an_app(ok=ok)
    app.on_response_prepare.append(conceal)
    async with up(app, registry) as one, one.get("/ok") as response:
        assert wire.INSTANCE not in response.headers
