"""Whom the sampler is asked about, and what becomes of its answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    AlwaysRecordSampler,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import SpanKind, TraceState

from discovery.clock import SystemClock
from discovery.model import Instance
from observability.testing import recorded
from observability.tracing import Tracing
from tests.observability.support import Counting, attempt, call, make, request


class Saying(Sampler):
    """Samples all, remembers what it was asked, and adds what may need cleaning."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, SpanKind, dict[str, Any]]] = []

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, *rest) -> SamplingResult:  # type: ignore[no-untyped-def]  # the signature is the SDK's
        self.asked.append((name, kind, dict(attributes)))
        said = {**attributes, "sampler.share": 0.5, "sampler.tags": ["a"]}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, said, TraceState([("vendor", "1")]))

    def get_description(self) -> str:
        return "saying"


def test_a_sampler_sees_what_is_known_and_may_add_to_it(identity: Instance) -> None:
    sampler = Saying()
    with recorded(identity, sampler=sampler) as told:
        (headers,) = make(told.observer, attempt())
        told.observer.request(request()).end(200)
    assert [(name, kind) for name, kind, _ in sampler.asked] == [
        ("call ports", SpanKind.INTERNAL),
        ("GET", SpanKind.SERVER),
    ]
    assert sampler.asked[0][2] == {
        "http.request.method": "GET",
        "service.peer.name": "ports",
        "url.path": "/ports",
    }
    client, call, server = told.spans()
    assert (call.attributes["sampler.share"], call.attributes["sampler.tags"]) == (0.5, "('a',)")
    assert "sampler.share" in server.attributes
    assert "sampler.share" not in client.attributes
    assert headers["tracestate"] == "vendor=1"


def test_what_is_recorded_only_says_in_its_headers_that_it_is_not_sampled(identity: Instance) -> None:
    with recorded(identity, sampler=AlwaysRecordSampler(ALWAYS_OFF)) as told:
        seen: list[bool] = []
        served = told.observer.request(request())
        with served.activate():
            seen.append(trace.get_current_span().is_recording())
            (headers,) = make(told.observer, attempt())
        served.end(200)
    assert seen == [True]
    assert headers["traceparent"].endswith("-02")
    assert told.spans() == (), "the exporter gets only what is sampled"


@pytest.mark.parametrize(
    ("sampler", "sampled"),
    [
        (ALWAYS_ON, [True, True, True]),
        (ALWAYS_OFF, [False, False, False]),
        (ParentBased(ALWAYS_ON), [True, True, False]),
        (ParentBased(ALWAYS_OFF), [False, True, False]),
        (TraceIdRatioBased(0.0), [False, False, False]),
        (ParentBased(TraceIdRatioBased(0.0)), [False, True, False]),
    ],
    ids=lambda value: value.get_description() if isinstance(value, Sampler) else "",
)
def test_a_request_is_sampled_as_the_sdk_would_sample_it(
    identity: Instance, sampler: Sampler, sampled: Sequence[bool]
) -> None:
    parents = [{}, *({"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-0{flag}"} for flag in (1, 0))]
    with recorded(identity, sampler=sampler) as told:
        for headers in parents:
            served = told.observer.request(request(headers=headers))
            with served.activate():
                ours = trace.get_current_span().get_span_context()
                assert (ours.trace_id == int("ab" * 16, 16)) is bool(headers)
                (sent,) = make(told.observer, attempt())
            assert sent["traceparent"].endswith(f"-0{ours.trace_flags:x}")
            served.end(200)
    per_request = 3
    assert len(told.spans()) == per_request * sum(sampled)


def test_ids_are_drawn_by_the_providers_generator(identity: Instance) -> None:
    provider = TracerProvider(ALWAYS_ON, id_generator=Counting(), shutdown_on_exit=False)
    headers = dict[str, str]()
    Tracing(provider.get_tracer("t"), SystemClock()).sending(call(), 1, headers)
    assert headers == {"traceparent": f"00-{1:032x}-{3:016x}-01"}, "1 is the trace, 2 the call, 3 the attempt"
