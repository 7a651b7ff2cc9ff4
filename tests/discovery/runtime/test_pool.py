"""What may go out twice, and on which connection: a ledger at the server counts."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from discovery.call_errors import CallFailed
from discovery.clock import SystemClock
from discovery.live_settings import LiveSettings
from discovery.model import Outcome
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import answers_garbage, closes_idle, hangs_up, misbehaving, never_answers, resets
from tests.discovery.runtime.failing import Failing, answers_once, dead, raw, saying
from tests.discovery.runtime.support import DOORS, Door, a_mesh, enrol, in_flight, outcomes

KEYED = {"headers": {"Idempotency-Key": "k1"}}

# Somebody who may have acted on the request, and how many times it reached him.
MAY_HAVE_ACTED = [
    pytest.param(raw(hangs_up), 1, id="hangs up"),
    pytest.param(raw(resets), 0, id="resets"),
    pytest.param(raw(answers_garbage), 1, id="answers garbage"),
    pytest.param(raw(never_answers), 1, id="never answers"),
    pytest.param(saying(503), 1, id="503"),
    pytest.param(saying(502), 1, id="502"),
    pytest.param(saying(429, Retry_After="0"), 1, id="429"),
]
DID_NOT_ACT = [
    pytest.param(dead, 0, id="refused"),
    pytest.param(saying(503, Mesh_Nack="draining"), 1, id="nacked"),
]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(("failing", "reached"), MAY_HAVE_ACTED)
@pytest.mark.parametrize("door", DOORS)
async def test_a_post_that_may_have_been_processed_is_not_sent_again(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, failing: Failing, reached: int, method: str
) -> None:
    # The call as a whole is the limit here: a request that cannot be repeated may take all of its time.
    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=0.5, attempt_timeout_s=0.25))
    async with mesh, failing(registry, "a") as requests, peer(registry, "ports", id="b") as good:
        with suppress(CallFailed):
            async with door(mesh, method, "/", data=b"once") as response:
                assert response.status >= 400

        assert (requests(), good.received) == (reached, [])
    assert len(observer.attempts) == 1


@pytest.mark.parametrize(
    ("failing", "reached", "options"),
    [
        *(pytest.param(*case.values, {}, id=str(case.id)) for case in DID_NOT_ACT),
        *(pytest.param(*case.values, KEYED, id=f"{case.id}, with a key") for case in MAY_HAVE_ACTED),
    ],
)
@pytest.mark.parametrize("door", DOORS)
async def test_a_post_is_sent_again_when_it_was_not_processed_or_has_a_key(
    registry: FakeRegistry,
    observer: RecordingObserver,
    door: Door,
    failing: Failing,
    reached: int,
    options: dict[str, Any],
) -> None:
    mesh = a_mesh(registry, observer, live=LiveSettings(attempt_timeout_s=0.3))
    async with mesh, failing(registry, "a") as requests, peer(registry, "ports", id="b") as good:
        async with door(mesh, "POST", "/", data=b"twice", **options) as response:
            assert await response.text() == "b"

        assert requests() == reached
        assert [(one.body, one.headers.get("Idempotency-Key")) for one in good.received] == [
            (b"twice", "k1" if options else None)
        ]


@pytest.mark.parametrize(
    ("failing", "unknown"),
    [
        pytest.param(raw(hangs_up), True, id="hangs up"),
        pytest.param(raw(answers_garbage), True, id="answers garbage"),
        pytest.param(raw(never_answers), True, id="never answers"),
        pytest.param(dead, False, id="refused"),
    ],
)
@pytest.mark.parametrize("door", DOORS)
async def test_whether_a_post_that_failed_may_have_been_processed_is_told(
    registry: FakeRegistry, observer: RecordingObserver, door: Door, failing: Failing, unknown: bool
) -> None:
    mesh = a_mesh(registry, observer, live=LiveSettings(timeout_s=0.5, attempts=2))
    async with mesh, failing(registry, "a"):
        with pytest.raises(CallFailed) as caught:
            async with door(mesh, "POST", "/", data=b"once"):
                pytest.fail("there was no answer")
    assert caught.value.unknown is unknown
    assert str(caught.value).endswith("; it may have been processed") is unknown


@pytest.mark.parametrize("door", DOORS)
async def test_the_worst_moment_to_close_an_idle_connection_costs_no_repeatable_call_and_doubles_none(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    # The server hangs up after 20 ms of silence, and each request comes a little before or after that.
    pause = SystemClock()
    done: list[bytes] = []
    failed: list[CallFailed] = []
    async with a_mesh(registry, observer) as mesh, misbehaving(closes_idle(after_s=0.02)) as server:
        await enrol(registry, "a", server.address)

        async def race(lane: int) -> None:
            for number in range(12):
                await pause.sleep(0.0185 + 0.0003 * ((number + lane) % 9))
                async with door(mesh, "GET", "/"):
                    pass
                await pause.sleep(0.0185 + 0.0003 * ((number + lane) % 9))
                name = f"{lane}-{number}"
                try:
                    async with door(mesh, "POST", f"/{name}"):
                        done.append(name.encode())
                except CallFailed as error:
                    failed.append(error)

        await asyncio.gather(*(race(lane) for lane in range(6)))
    posts = [head.split(b" ")[1][1:] for head in server.requests if head.startswith(b"POST")]
    assert len(posts) == len(set(posts)), "none was made twice"
    assert set(done) <= set(posts)
    assert len(done) + len(failed) == 6 * 12
    assert all(error.unknown for error in failed)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_500_is_never_tried_again(registry: FakeRegistry, observer: RecordingObserver, method: str) -> None:
    async with a_mesh(registry, observer) as mesh, saying(500)(registry, "a") as requests:
        for _ in range(3):
            async with mesh.request(method, "http://ports/", headers={"Idempotency-Key": "k1"}) as response:
                assert response.status == 500
        assert requests() == 3


async def test_no_post_is_lost_to_a_server_that_closes_idle_connections(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    # A second is the limit, so whoever keeps idle connections for longer never meets a POST on a dead one.
    pause = SystemClock()
    async with a_mesh(registry, observer) as mesh, misbehaving(closes_idle(after_s=1.5)) as server:
        await enrol(registry, "a", server.address)

        async def post(after_s: float) -> None:
            await pause.sleep(after_s)
            async with mesh.post("http://ports/", data=b"x") as response:
                await response.read()

        await mesh.get("http://ports/")
        await asyncio.gather(*(post(0) for _ in range(50)))
        await asyncio.gather(*(post(1.2 + number / 100) for number in range(50)))
    assert set(outcomes(observer)) == {Outcome.ANSWERED}
    assert len(server.requests) == 101


async def test_a_get_that_meets_a_dead_connection_is_sent_again(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    # Closed as soon as it has answered: every second request meets the end of its connection, or just misses it.
    async with a_mesh(registry, observer) as mesh, misbehaving(answers_once) as server:
        await enrol(registry, "a", server.address)
        for _ in range(200):
            async with mesh.get("http://ports/") as response:
                assert await response.text() == "ok"
        endpoint = mesh.directory("ports").plan.candidates[0]
        assert endpoint.standing._odds == 1.0, "it is no failure of the instance"
        assert mesh.directory("ports").budget.balance(mesh._around.clock.now()) > 10, "and costs nothing"
        assert in_flight(mesh) == {"a": 0}

    assert Outcome.LOST in outcomes(observer)
    assert len(server.requests) == len(observer.attempts)
