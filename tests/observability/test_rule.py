"""A sampler of the SDK that is asked without ceremony says what it would say."""

from __future__ import annotations

import pytest
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    DEFAULT_OFF,
    DEFAULT_ON,
    AlwaysRecordSampler,
    Decision,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    StaticSampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from observability.rule import rule_of

HALF = 2**63
PARENTS = [
    None,
    *(
        SpanContext(HALF, 2, is_remote=is_remote, trace_flags=TraceFlags(flags))
        for is_remote in (True, False)
        for flags in (0, 1)
    ),
]


@pytest.mark.parametrize("parent", PARENTS)
@pytest.mark.parametrize("trace_id", [1, HALF - 1, HALF, 2**64 - 1, 2**64 + 1, 2**128 - 1])
@pytest.mark.parametrize(
    "sampler",
    [
        ALWAYS_ON,
        ALWAYS_OFF,
        DEFAULT_ON,
        DEFAULT_OFF,
        *(TraceIdRatioBased(share) for share in (0.0, 0.5, 1.0)),
        *(ParentBasedTraceIdRatio(share) for share in (0.0, 0.5, 1.0)),
    ],
    ids=Sampler.get_description,
)
def test_its_own_samplers_are_known(sampler: Sampler, trace_id: int, parent: SpanContext | None) -> None:
    around = Context() if parent is None else set_span_in_context(NonRecordingSpan(parent), Context())
    rule = rule_of(sampler)
    assert rule is not None
    sampled = sampler.should_sample(around, trace_id, "x").decision is Decision.RECORD_AND_SAMPLE
    assert rule.samples(parent, trace_id) is sampled


class Own(StaticSampler):
    """Somebody's own, that says it is the SDK's."""


@pytest.mark.parametrize(
    "sampler",
    [
        Own(Decision.RECORD_AND_SAMPLE),
        AlwaysRecordSampler(ALWAYS_OFF),
        ParentBased(Own(Decision.RECORD_AND_SAMPLE)),
        ParentBased(ALWAYS_ON, remote_parent_not_sampled=ALWAYS_ON),
        ParentBased(ALWAYS_ON, local_parent_sampled=TraceIdRatioBased(0.5)),
        ParentBased(DEFAULT_ON),
    ],
    ids=Sampler.get_description,
)
def test_all_others_are_asked_themselves(sampler: Sampler) -> None:
    assert rule_of(sampler) is None
