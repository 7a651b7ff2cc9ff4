"""Calls over real sockets: what is tried again, where, how often, and what the caller gets in the end."""

from __future__ import annotations

import asyncio
import gc
import weakref
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.call_errors import CallFailed
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.policy.backoff import BUSY, RETRY
from discovery.runtime import context
from discovery.runtime.direct import Direct
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import Behaviour, answers_garbage, hangs_up, misbehaving, never_answers, resets
from tests.discovery.runtime.failing import Failing, answers, answers_once, dead, nacks, raw, saying
from tests.discovery.runtime.support import (
    DOORS,
    Door,
    NoWaiting,
    a_mesh,
    busy_connections,
    by_session,
    enrol,
    in_flight,
    known,
    outcomes,
)

NOW = "Wed, 21 Oct 2015 07:28:00 GMT"
IN_2_S = "Wed, 21 Oct 2015 07:28:02 GMT"

# How an instance fails, what the attempt comes to, and how many requests have reached it then.
FAILURES = [
    pytest.param(dead, Outcome.UNSENT, 0, id="refuses the connection"),
    pytest.param(raw(resets), Outcome.LOST, 0, id="resets the connection"),
    pytest.param(raw(hangs_up), Outcome.LOST, 1, id="hangs up without an answer"),
    pytest.param(raw(answers_garbage), Outcome.LOST, 1, id="answers garbage"),
    pytest.param(raw(never_answers), Outcome.TIMED_OUT, 1, id="never answers"),
    pytest.param(saying(502), Outcome.UNAVAILABLE, 1, id="502"),
    pytest.param(saying(503), Outcome.UNAVAILABLE, 1, id="503"),
    pytest.param(saying(504), Outcome.UNAVAILABLE, 1, id="504"),
    pytest.param(saying(503, Mesh_Nack=wire.NACK_DRAINING), Outcome.NACKED, 1, id="nacks"),
]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("failing", "outcome", "reached"), FAILURES)
async def test_what_fails_at_one_instance_is_tried_at_another(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, failing: Failing, outcome: Outcome, reached: int
) -> None:
    # Only silence needs a short limit; the second attempt is the last, and so has all the time that is left.
    limit_s = 0.1 if outcome is Outcome.TIMED_OUT else None
    mesh = a_mesh(registry, observer, live=LiveSettings(attempt_timeout_s=limit_s, attempts=2))
    async with mesh, failing(registry, "a") as requests, peer(registry, "ports", id="b") as good:
        async with door(mesh, "GET", "/x?y=1") as response:
            assert await response.text() == "b"
            tried = discovery.attempts(response)

        assert [(a.number, a.instance.id, a.outcome) for a in tried] == [(1, "a", outcome), (2, "b", Outcome.ANSWERED)]
        assert (requests(), [one.path for one in good.received]) == (reached, ["/x?y=1"])
        assert in_flight(mesh) == {"a": 0, "b": 0}
    (call,) = observer.calls
    assert [a.reason.split(" ")[0] for a in call.attempts] == ["", outcome.value]
    assert [(a.number, a.outcome) for a in call.attempts] == [(a.number, a.outcome) for a in tried]
    assert call.call.error is None
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_a_call_that_is_over_leaves_nothing_to_the_garbage_collector(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", id="a"):
        gc.disable()
        try:
            async with door(mesh, "GET", "/") as response:
                await response.read()
            over = weakref.ref(response)
            del response
            assert over() is None
        finally:
            gc.enable()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("behaviour", [hangs_up, answers_garbage])
async def test_aiohttp_never_resends_so_what_is_told_is_what_was_on_the_wire(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, behaviour: Behaviour
) -> None:
    async with a_mesh(registry, observer) as mesh, misbehaving(behaviour) as server:
        await enrol(registry, "a", server.address)
        with pytest.raises(CallFailed) as caught:
            async with door(mesh, "GET", "/"):
                pytest.fail("there was no answer")

    assert len(server.requests) == len(caught.value.attempts) == len(observer.attempts) == 3
    assert isinstance(caught.value, aiohttp.ClientError)
    # On those two aiohttp would send it all over again.
    assert not isinstance(caught.value, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError))


async def test_nor_does_it_on_a_connection_that_it_kept(registry: FakeRegistry, observer: RecordingObserver) -> None:
    live = LiveSettings(attempts=1)
    async with (
        a_mesh(registry, observer, live=live) as mesh,
        misbehaving(answers_once) as server,
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
    ):
        await enrol(registry, "a", server.address)
        for get in (mesh.get, session.get):
            async with get("http://ports/") as response:
                await response.read()
            with pytest.raises(CallFailed):
                await get("http://ports/")

    assert server.connections == 2
    assert len(server.requests) == len(observer.attempts) == 4


async def test_what_foreign_code_catches_is_a_client_error_with_all_attempts(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, dead(registry, "a"), dead(registry, "b"):
        with pytest.raises(
            aiohttp.ClientError, match=r"^no response from ports: 1\. a: unsent .*; 2\. b: .*; 3\. "
        ) as e:
            await mesh.get("http://ports/")

    assert isinstance(e.value, CallFailed)
    assert {a.outcome for a in e.value.attempts} == {Outcome.UNSENT}
    assert (observer.calls[0].attempts, observer.calls[0].call.error) == (e.value.attempts, e.value)


async def test_where_there_is_nobody_else_the_pause_is_full_jitter_that_doubles(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, rng = NoWaiting(), Random(1)
    mesh = a_mesh(registry, observer, clock)
    async with mesh, peer(registry, "ports", answers(503), id="a"), mesh.get("http://ports/") as response:
        assert response.status == 503
        assert clock.slept == [BUSY.delay(1, rng), BUSY.delay(2, rng)]
        assert [a.waited_s for a in observer.attempts] == [0.0, *clock.slept]


async def test_elsewhere_is_asked_at_once_when_nothing_was_processed_and_else_after_a_short_pause(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, rng = NoWaiting(), Random(1)
    async with (
        a_mesh(registry, observer, clock) as mesh,
        peer(registry, "ports", nacks(), id="a"),
        peer(registry, "ports", answers(503), id="b"),
        peer(registry, "ports", id="c"),
        mesh.get("http://ports/") as response,
    ):
        assert await response.text() == "c"
        assert clock.slept == [RETRY.delay(2, rng)]


@pytest.mark.parametrize(
    ("statuses", "headers", "pauses", "last"),
    [
        pytest.param((503, 200), {"Retry_After": "2"}, [2.0], 200, id="503, with nobody else"),
        pytest.param((429, 200), {"Retry_After": "2"}, [2.0], 200, id="429"),
        pytest.param((429, 200), {}, [], 429, id="429 that says no time is an answer"),
        pytest.param((429, 200), {"Retry_After": "soon"}, [], 429, id="429 that says no time that can be read"),
        pytest.param((429, 200), {"Retry_After": IN_2_S, "Date": NOW}, [2.0], 200, id="429, until a date"),
        pytest.param((503, 200), {"Retry_After": IN_2_S, "Date": NOW}, [2.0], 200, id="503, until a date"),
        pytest.param((429, 200), {"Retry_After": "1" * 30}, [], 429, id="429, for longer than the world lasts"),
        pytest.param((503, 200), {"Retry_After": "60"}, [], 503, id="longer than the call may take"),
        pytest.param((500, 200), {}, [], 500, id="500 is an answer"),
        pytest.param((501, 200), {}, [], 501, id="501 is an answer"),
        pytest.param((404, 200), {}, [], 404, id="404 is an answer"),
        pytest.param((302, 200), {"Location": "/y"}, [], 302, id="a redirect is an answer"),
    ],
)
@pytest.mark.parametrize("door", DOORS)
async def test_retry_after_is_obeyed_within_the_time_that_is_there(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    statuses: tuple[int, ...],
    headers: dict[str, str],
    pauses: list[float],
    last: int,
) -> None:
    clock = NoWaiting()
    mesh = a_mesh(registry, observer, clock)
    async with mesh, peer(registry, "ports", answers(*statuses, **headers), id="a") as one:
        async with door(mesh, "GET", "/", **({"allow_redirects": False} if door is by_session else {})) as response:
            assert (response.status, await response.text()) == (last, f"said {last}")
        assert (clock.slept, len(one.received)) == (pauses, len(pauses) + 1)


@pytest.mark.parametrize("when", ["soon", "9" * 30, IN_2_S])
async def test_a_429_that_cannot_be_obeyed_is_not_sent_elsewhere(
    registry: FakeRegistry, observer: RecordingObserver, when: str
) -> None:
    clock = NoWaiting()
    refusal = saying(429, Retry_After=when, Date="never")
    async with a_mesh(registry, observer, clock) as mesh, refusal(registry, "a"), peer(registry, "ports") as other:
        async with mesh.get("http://ports/") as response:
            assert response.status == 429
        assert (clock.slept, other.received) == ([], [])


async def test_a_429_is_not_got_round_by_asking_somebody_else_sooner(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = NoWaiting()
    async with (
        a_mesh(registry, observer, clock) as mesh,
        saying(429, Retry_After="3")(registry, "a"),
        peer(registry, "ports", id="b"),
        mesh.get("http://ports/") as response,
    ):
        assert response.status == 200
        assert clock.slept == [3.0]


@pytest.mark.parametrize("door", DOORS)
async def test_when_retries_are_used_up_the_last_answer_is_returned(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    mesh = a_mesh(registry, observer)
    async with mesh, peer(registry, "ports", answers(502, 504, 503), id="a") as one:
        async with door(mesh, "GET", "/") as response:
            assert (response.status, await response.text()) == (503, "said 503")
            assert [a.status for a in discovery.attempts(response)] == [502, 504, 503]

        assert len(one.received) == 3
        assert in_flight(mesh) == {"a": 0}
    assert observer.unsettled() == []


@pytest.mark.parametrize("door", DOORS)
async def test_an_answer_is_kept_when_later_attempts_bring_none(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    mesh = a_mesh(registry, observer, lookup_timeout_s=1e-6)
    async with mesh, saying(503)(registry, "a"), dead(registry, "b"), dead(registry, "c"):
        await known(mesh)
        async with door(mesh, "GET", "/") as response:
            assert (response.status, await response.text()) == (503, "said 503")
            tried = discovery.attempts(response)

        assert [a.outcome for a in tried] == [Outcome.UNAVAILABLE, Outcome.UNSENT, Outcome.UNSENT]
        assert in_flight(mesh) == {"a": 0, "b": 0, "c": 0}
    assert (observer.calls[0].attempts, observer.calls[0].call.error) == (tried, None)
    assert observer.unsettled() == []


async def test_who_says_that_his_own_retries_were_in_vain_is_not_asked_again(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    mine = context.RequestContext()
    context.current.set(mine)
    mesh = a_mesh(registry, observer)
    async with mesh, saying(503, Mesh_Retries=wire.EXHAUSTED)(registry, "a") as requests, mesh.get("http://ports/"):
        assert requests() == 1
    assert mine.exhausted, "and we say the same to our own caller"


async def test_the_budget_ends_retries_when_everything_fails(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", answers(503)) as one:
        for _ in range(20):
            await mesh.get("http://ports/")

    # A reserve of ten, which a process begins with; calls that fail earn nothing.
    assert len(one.received) == 20 + 10


async def test_a_mistake_of_the_caller_is_told_as_it_is_and_leaves_nothing_behind(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", id="a") as one:
        with pytest.raises(TypeError, match="no_such_option"):
            await mesh.get("http://ports/", no_such_option=1)  # type: ignore[call-arg] # that is the mistake
        with pytest.raises(ValueError, match="header injection"):
            await mesh.get("http://ports/", headers={"X": "a\nb"})
        assert in_flight(mesh) == {"a": 0}

    assert one.received == []
    assert outcomes(observer) == [Outcome.CANCELLED]
    assert observer.unsettled() == []


async def test_a_penalised_instance_is_avoided_until_it_has_decayed(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    mesh = discovery.Mesh(discovery.MeshConfig(name="tests"), registry)
    async with mesh, saying(503, 200)(registry, "a") as requests, peer(registry, "ports", id="b") as good:
        for _ in range(20):
            async with mesh.get("http://ports/"):
                pass

    assert requests() == 1
    assert len(good.received) >= 19


async def test_an_instance_that_fails_fast_does_not_draw_the_load(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    mesh = discovery.Mesh(discovery.MeshConfig(name="tests"), registry)
    async with mesh, saying(500)(registry, "a") as requests, peer(registry, "ports", id="b") as good:
        for _ in range(20):
            async with mesh.get("http://ports/"):
                pass

    assert requests() <= 1
    assert len(good.received) >= 19


@pytest.mark.parametrize("goes_away", [False, True], ids=["a later answer comes", "the caller goes away"])
async def test_an_answer_that_nobody_will_read_gives_its_connection_back(
    registry: FakeRegistry, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch, goes_away: bool
) -> None:
    async def long(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503, body=b"x" * 3_000_000)

    second = raw(never_answers) if goes_away else saying(200)
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", long, id="a"), second(registry, "b"):
        # Held here, so that it is not the end of the object that closes them.
        responses: list[aiohttp.ClientResponse] = []
        send = Direct.send

        async def sending(*arguments: Any) -> aiohttp.ClientResponse:
            responses.append(await send(*arguments))
            return responses[-1]

        async def call() -> None:
            async with mesh.get("http://ports/"):
                pass

        monkeypatch.setattr(Direct, "send", sending)  # what was sent is not shown otherwise
        calling = asyncio.create_task(call())
        await observer.until(lambda: len(observer.sent) == 2)
        if goes_away:
            calling.cancel()
        await asyncio.wait([calling])
        assert responses[0].connection is None
        assert busy_connections(mesh) == 0
