from __future__ import annotations

import asyncio
import contextvars
import logging
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from multidict import CIMultiDict
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult

from discovery.call_errors import Nobody, NoInstances
from discovery.model import Instance, Outcome, Target
from discovery.testing.clock import FakeClock
from observability.pipeline import resource
from observability.spans import Span
from observability.testing import Recorded, recorded
from tests.observability.support import attempt, call, end, make, peer, request, send

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


@pytest.fixture
def told(identity: Instance) -> Iterator[Recorded]:
    with recorded(identity) as told:
        yield told


def one(told: Recorded, kind: str) -> Span:
    (span,) = [span for span in told.spans() if span.kind == kind]
    return span


def traceparent(headers: CIMultiDict[str]) -> tuple[str, str, int]:
    found = TRACEPARENT.fullmatch(headers["traceparent"])
    assert found
    return found[1], found[2], int(found[3], 16)


def test_an_attempt_says_by_which_way_it_went(told: Recorded) -> None:
    first = attempt(1)
    make(told.observer, first._replace(instance=replace(first.instance, meta={"secure": "true"})))

    spans = {span.kind: span for span in told.spans()}
    assert spans["client"].attributes["url.full"] == "https://127.0.0.1:5001/ports?laptop=REDACTED"


def test_a_call_with_a_retry_is_one_span_above_its_attempts(told: Recorded) -> None:
    refused, answered = attempt(1, Outcome.NACKED, 503), attempt(2, reason="nacked", waited_s=0.025)
    first, second = make(told.observer, refused, answered, asked=call("GET", "/ports?laptop=7"))

    lost, found, above = told.spans()
    assert above == Span(
        trace_id=above.trace_id,
        span_id=above.span_id,
        name="call ports",
        kind="internal",
        service="laptops",
        instance="laptops-127.0.0.1-5000",
        start_ns=above.start_ns,
        end_ns=above.end_ns,
        attributes={
            "http.request.method": "GET",
            "service.peer.name": "ports",
            "url.path": "/ports",
            "mesh.attempts": 2,
            "mesh.outcome": "answered",
            "http.response.status_code": 200,
        },
    )
    assert lost.attributes == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": 5001,
        "service.peer.name": "ports",
        "url.full": "http://127.0.0.1:5001/ports?laptop=REDACTED",
        "mesh.attempt": 1,
        "mesh.instance.id": "ports-1",
        "mesh.pick.candidates": 3,
        "mesh.pick.pool": "warning",
        "mesh.outcome": "nacked",
        "http.response.status_code": 503,
        "error.type": "503",
    }
    assert lost.failed
    assert found.attributes["http.request.resend_count"] == 1
    assert found.attributes["mesh.retry.reason"] == "nacked"
    assert found.attributes["mesh.retry.delay"] == 0.025
    assert (lost.name, found.name, found.failed, above.failed) == ("GET", "GET", False, False)
    assert lost.parent_id == found.parent_id == above.span_id
    assert traceparent(first) == (above.trace_id, lost.span_id, traceparent(first)[2])
    assert traceparent(second)[:2] == (above.trace_id, found.span_id)
    assert traceparent(second)[2] & 1


def test_the_far_sides_span_hangs_below_the_attempt_that_reached_it(told: Recorded) -> None:
    outermost = call()
    served = told.observer.request(request(headers=send(told.observer, outermost)))
    with served.activate():
        make(told.observer)
    served.end(200, "/laptops/{id}")
    end(told.observer, outermost, attempt())

    inner_span, server, client, outer = told.spans()
    assert server.parent_id == client.span_id
    assert inner_span.parent_id == server.span_id
    assert client.parent_id == outer.span_id
    assert {span.trace_id for span in told.spans()} == {outer.trace_id}


@pytest.mark.parametrize(
    ("status", "client_fails", "server_fails"),
    [(200, False, False), (302, False, False), (404, True, False), (499, True, False), (500, True, True)],
)
def test_a_status_fails_the_side_whose_fault_it_is(
    told: Recorded, status: int, client_fails: bool, server_fails: bool
) -> None:
    make(told.observer, attempt(status=status))
    told.observer.request(request()).end(status)

    assert one(told, "client").failed is client_fails
    assert one(told, "server").failed is server_fails
    assert one(told, "internal").failed is server_fails
    assert one(told, "client").attributes.get("error.type") == (str(status) if client_fails else None)


@pytest.mark.parametrize("outcome", [Outcome.UNSENT, Outcome.LOST, Outcome.TIMED_OUT])
def test_an_attempt_without_an_answer_fails_by_its_outcome(told: Recorded, outcome: Outcome) -> None:
    make(told.observer, attempt(1, outcome, None), error=ConnectionError("gone"))

    assert one(told, "client").failed
    assert one(told, "client").attributes["error.type"] == outcome.value
    assert "http.response.status_code" not in one(told, "client").attributes
    assert one(told, "internal").failed
    assert one(told, "internal").attributes["error.type"] == "ConnectionError"


def test_a_body_that_broke_off_fails_both_although_there_is_a_status(told: Recorded) -> None:
    make(told.observer, attempt(1, Outcome.BROKEN, 200))
    for kind in ("client", "internal"):
        assert one(told, kind).failed
        assert one(told, kind).attributes["error.type"] == "broken"
        assert one(told, kind).attributes["http.response.status_code"] == 200


def test_an_attempt_says_who_was_out_and_whether_it_was_a_probe(told: Recorded) -> None:
    make(told.observer, attempt(1), attempt(2)._replace(ejected=3, probe=True))
    usual, probe, _ = told.spans()
    assert not {"mesh.pick.ejected", "mesh.pick.probe"} & set(usual.attributes)
    assert (probe.attributes["mesh.pick.ejected"], probe.attributes["mesh.pick.probe"]) == (3, True)


def test_spans_lie_where_the_monotonic_clock_saw_them(identity: Instance) -> None:
    clock = FakeClock(now=1010.0, wall=1_700_000_010.0)
    with recorded(identity, clock=clock) as told:
        make(told.observer, attempt(1), attempt(2))
        first, second, above = told.spans()
    begin = 1_700_000_000
    assert (above.start_ns, above.end_ns) == (begin * 10**9, (begin + 10) * 10**9)
    assert (first.start_ns, first.end_ns) == ((begin + 1) * 10**9, (begin + 1) * 10**9 + 5 * 10**8)
    assert second.start_ns == (begin + 2) * 10**9


def test_a_call_that_finds_nobody_fails_by_its_error(told: Recorded) -> None:
    make(told.observer, error=NoInstances(Target("ports"), Nobody.UNKNOWN))
    assert one(told, "internal").failed
    assert one(told, "internal").attributes["error.type"] == "NoInstances"
    assert one(told, "internal").attributes["mesh.attempts"] == 0


def test_whoever_goes_away_has_not_failed(told: Recorded) -> None:
    make(told.observer, attempt(1, Outcome.CANCELLED, None), error=asyncio.CancelledError())
    told.observer.request(request()).end(None)
    told.observer.request(request()).end(None, error=asyncio.CancelledError())

    assert [span.failed for span in told.spans()] == [False] * 4
    assert all("error.type" not in span.attributes for span in told.spans())


def test_a_request_is_named_by_its_route_and_says_who_asked(told: Recorded) -> None:
    asked = request(path="/laptops/7", query="token=s3cret", host="[::1]:5000", user_agent="curl/8")
    told.observer.request(asked).end(200, "/laptops/{id}")
    span = one(told, "server")
    assert span.name == "GET /laptops/{id}"
    assert span.parent_id == ""
    assert span.attributes == {
        "http.request.method": "GET",
        "url.path": "/laptops/7",
        "url.scheme": "http",
        "url.query": "token=REDACTED",
        "client.address": "127.0.0.1",
        "user_agent.original": "curl/8",
        "server.address": "[::1]",
        "server.port": 5000,
        "http.route": "/laptops/{id}",
        "http.response.status_code": 200,
    }


def test_an_unmatched_path_has_no_route_and_a_refusal_says_why(told: Recorded) -> None:
    told.observer.request(request(host="laptops")).end(404)
    told.observer.request(request()).end(503, nack="draining")
    unmatched, refused = told.spans()
    assert unmatched.name == "GET"
    assert "http.route" not in unmatched.attributes
    assert unmatched.attributes["server.address"] == "laptops"
    assert "server.port" not in unmatched.attributes
    assert refused.attributes["mesh.nack"] == "draining"
    assert refused.failed


def test_a_handlers_error_is_told_by_its_class_alone(told: Recorded) -> None:
    told.observer.request(request()).end(500, "/laptops", error=KeyError("s3cret"))
    span = one(told, "server")
    assert span.failed
    assert span.attributes["error.type"] == "KeyError"
    assert "s3cret" not in repr(span)


def test_an_invented_method_does_not_name_a_span(told: Recorded) -> None:
    told.observer.request(request(method="BREW")).end(405)
    make(told.observer, asked=call(method="get"))
    server, caller = told.spans()
    assert server.name == "HTTP"
    assert server.attributes["http.request.method"] == "_OTHER"
    assert server.attributes["http.request.method_original"] == "BREW"
    assert caller.attributes["http.request.method_original"] == "get"


def test_asking_for_health_leaves_no_span_and_no_measurement(told: Recorded) -> None:
    for path in ("/health/live", "/health/ready"):
        handle = told.observer.request(request(path=path))
        with handle.activate():
            pass
        handle.end(200, path)
    assert told.spans() == ()
    assert told.measured("http.server.request.duration") == []


def test_what_strangers_send_is_short_and_can_be_encoded(told: Recorded) -> None:
    bad = b"\xff".decode("utf-8", "surrogateescape")
    told.observer.request(
        request(bad * 9, "/" + bad * 5000, query=bad * 5000, host=bad * 5000, user_agent=bad * 5000)
    ).end(404)
    for value in one(told, "server").attributes.values():
        assert len(str(value)) < 1100
        str(value).encode("utf-8")


@pytest.mark.parametrize("host", ["", ":", "a:b:c", "h:99999999999", "h:²", "[::1]", "h:"])
def test_a_strange_host_is_kept_whole(told: Recorded, host: str) -> None:
    told.observer.request(request(host=host)).end(400)
    assert one(told, "server").attributes["server.address"] == host
    assert "server.port" not in one(told, "server").attributes


def test_planted_secrets_are_in_no_span(told: Recorded) -> None:
    secrets = {"Authorization": "Bearer s3cret", "X-Consul-Token": "s3cret", "Cookie": "id=s3cret"}
    headers = CIMultiDict(secrets)
    asked = call(path="/ports?token=s3cret")
    told.observer.sending(asked, 1, headers)
    end(told.observer, asked, attempt(), error=RuntimeError("s3cret"))
    told.observer.request(request(query="token=s3cret", headers=headers)).end(200)
    assert len(told.spans()) == 3
    assert "s3cret" not in repr(told.spans())


class Asked(Sampler):
    """Samples nothing, and counts how often it is asked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def should_sample(self, parent_context, trace_id, name, *rest, **more) -> SamplingResult:  # type: ignore[no-untyped-def]  # the signature is the SDK's
        self.names.append(name)
        return SamplingResult(Decision.DROP)

    def get_description(self) -> str:
        return "asked"


def test_the_sampler_is_asked_once_for_a_call_and_its_no_travels_on(identity: Instance) -> None:
    sampler = Asked()
    with recorded(identity, sampler=sampler) as told:
        headers = make(told.observer, attempt(1), attempt(2))
    assert sampler.names == ["call ports"]
    assert told.spans() == ()
    assert headers[0]["traceparent"] == headers[1]["traceparent"]
    assert not traceparent(headers[0])[2] & 1


def test_an_unsampled_requests_calls_stay_unsampled_in_the_same_trace(identity: Instance) -> None:
    with recorded(identity, sampler=ParentBased(ALWAYS_OFF)) as told:
        incoming = CIMultiDict(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
        served = told.observer.request(request(headers=incoming))
        with served.activate():
            (outgoing,) = make(told.observer, attempt())
        served.end(200)
    assert told.spans() == ()
    assert traceparent(outgoing)[0] == "0af7651916cd43dd8448eb211c80319c"
    assert traceparent(outgoing)[2] == 0


def test_an_incoming_decision_to_sample_is_followed_whatever_the_headers_case(identity: Instance) -> None:
    with recorded(identity, sampler=ParentBased(ALWAYS_OFF)) as told:
        headers = CIMultiDict({"TraceParent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
        told.observer.request(request(headers=headers)).end(200)
    assert one(told, "server").parent_id == "b7ad6b7169203331"


@pytest.mark.parametrize("header", ["", "junk", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "x" * 10_000, "00-\udcff"])
def test_a_broken_traceparent_begins_a_trace_of_its_own(told: Recorded, header: str) -> None:
    told.observer.request(request(headers=CIMultiDict(traceparent=header))).end(200)
    assert one(told, "server").parent_id == ""


async def test_a_call_may_end_in_another_task_and_no_context_is_left_behind(
    told: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    asked = call()
    send(told.observer, asked)

    async def release() -> None:
        end(told.observer, asked, attempt())

    await asyncio.create_task(release(), context=contextvars.Context())
    assert not trace.get_current_span().get_span_context().is_valid
    assert len(told.spans()) == 2
    assert caplog.records == []


async def test_a_thousand_calls_at_once_keep_their_own_parents(
    told: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    """With retries in other tasks, and every seventh caller cancelled in the middle."""
    caplog.set_level(logging.DEBUG)
    middle = asyncio.Event()
    parents: dict[str, str] = {}

    async def one_request(number: int) -> None:
        served = told.observer.request(request(path=f"/laptops/{number}"))
        with served.activate():
            mine = trace.get_current_span().get_span_context().span_id
            asked, tried = call(path=f"/{number}"), attempt(1, Outcome.CANCELLED, None)
            send(told.observer, asked)
            try:
                await middle.wait()
            except asyncio.CancelledError:
                end(told.observer, asked, tried)
                raise
            send(told.observer, asked, 2)
            await asyncio.create_task(asyncio.to_thread(end, told.observer, asked, tried, attempt(2, reason="lost")))
            assert trace.get_current_span().get_span_context().span_id == mine
        parents[f"/{number}"] = trace.format_span_id(mine)
        served.end(200)

    tasks = [asyncio.create_task(one_request(number)) for number in range(1000)]
    await FakeClock().settle()
    for task in tasks[::7]:
        task.cancel()
    middle.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    spans = {span.span_id: span for span in told.spans()}
    calls = [span for span in spans.values() if span.kind == "internal"]
    assert len(calls) == 1000
    finished = [span for span in calls if str(span.attributes["url.path"]) in parents]
    assert len(finished) == 1000 - len(tasks[::7])
    assert all(span.parent_id == parents[str(span.attributes["url.path"])] for span in finished)
    attempts = [span for span in spans.values() if span.kind == "client"]
    assert {spans[span.parent_id].kind for span in attempts} == {"internal"}
    assert all(spans[span.parent_id].trace_id == span.trace_id for span in attempts)
    assert caplog.records == []


def test_a_target_in_another_datacenter_says_so(told: Recorded) -> None:
    make(told.observer, asked=call(target=Target("ports", "dc2")))
    assert one(told, "internal").attributes["mesh.datacenter"] == "dc2"


def test_a_call_for_some_of_the_instances_says_for_which(told: Recorded) -> None:
    make(told.observer, asked=call(target=Target("ports", filter='"v2" in Service.Tags')))
    attributes = one(told, "internal").attributes
    assert (attributes["service.peer.name"], attributes["mesh.filter"]) == ("ports", '"v2" in Service.Tags')


def test_who_speaks_is_who_the_registry_knows(
    told: Recorded, identity: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=test,service.name=liar,service.instance.id=liar,service.namespace=shop",
    )
    monkeypatch.setenv("OTEL_SERVICE_NAME", "liar")
    attributes = resource(identity).attributes
    assert attributes["service.name"] == "laptops"
    assert attributes["service.instance.id"] == "laptops-127.0.0.1-5000"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["service.namespace"] == "shop"
    assert attributes["deployment.environment.name"] == "test"
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES")
    assert resource(peer()).attributes["service.namespace"] == "proconsul"
    assert "service.version" not in resource(peer()).attributes
