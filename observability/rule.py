"""The SDK's own samplers, asked without ceremony.

They look at the parent's flag and at the trace's number, and at nothing else. Yet to ask one takes several objects, and
the attributes of a span that will most likely never be. Whoever brings a sampler of his own is asked as he expects.
"""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    ParentBasedTraceIdRatio,
    Sampler,
    TraceIdRatioBased,
)
from opentelemetry.trace import SpanContext

_LIMIT = TraceIdRatioBased.TRACE_ID_LIMIT


@dataclass(frozen=True, slots=True)
class Rule:
    """Samples traces whose number is below *bound*; with ``heeds_parent``, what has a parent follows that."""

    bound: int
    heeds_parent: bool

    def samples(self, parent: SpanContext | None, trace_id: int) -> bool:
        """Whether to sample."""
        if self.heeds_parent and parent is not None:
            return parent.trace_flags.sampled
        return trace_id & _LIMIT < self.bound


def rule_of(sampler: Sampler) -> Rule | None:
    """How *sampler* decides; ``None`` when only it knows."""
    if sampler is ALWAYS_ON:
        return Rule(_LIMIT + 1, heeds_parent=False)
    if sampler is ALWAYS_OFF:
        return Rule(0, heeds_parent=False)
    if type(sampler) is TraceIdRatioBased:
        return Rule(sampler.bound, heeds_parent=False)
    if type(sampler) in {ParentBased, ParentBasedTraceIdRatio}:
        settings = dict(vars(sampler))
        root = rule_of(settings.pop("_root"))
        if settings == _FOLLOWS and root is not None and not root.heeds_parent:
            return Rule(root.bound, heeds_parent=True)
    return None


# What a sampler says of those with a parent, unless it is told otherwise.
_FOLLOWS = {
    "_remote_parent_sampled": ALWAYS_ON,
    "_remote_parent_not_sampled": ALWAYS_OFF,
    "_local_parent_sampled": ALWAYS_ON,
    "_local_parent_not_sampled": ALWAYS_OFF,
}
