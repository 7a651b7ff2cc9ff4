"""A finished span as plain data, wherever it came from: this process, a test, or the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from observability import semconv

if TYPE_CHECKING:
    # Reading a trace needs no SDK, and `mesh trace` does not wait for it.
    from opentelemetry.sdk.trace import ReadableSpan

Value = str | bool | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One finished span. Ids are lower-case hexadecimal; ``parent_id`` is empty for a root; times are nanoseconds."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str
    kind: str = "internal"
    service: str = ""
    instance: str = ""
    start_ns: int = 0
    end_ns: int = 0
    failed: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)

    @property
    def duration_ms(self) -> float:
        """How long it lasted; never negative, whatever the clocks say."""
        return max(0, self.end_ns - self.start_ns) / 1e6


def from_sdk(span: ReadableSpan) -> Span:
    """A span that the SDK hands to its processors and exporters."""
    context = span.get_span_context()
    resource = span.resource.attributes
    return Span(
        trace_id=f"{context.trace_id:032x}" if context else "",
        span_id=f"{context.span_id:016x}" if context else "",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else "",
        name=span.name,
        kind=span.kind.name.lower(),
        service=str(resource.get(semconv.SERVICE_NAME, "")),
        instance=str(resource.get(semconv.SERVICE_INSTANCE_ID, "")),
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        failed=not span.status.is_ok,
        attributes={
            key: value if isinstance(value, (str, bool, int, float)) else str(value)
            for key, value in (span.attributes or {}).items()
        },
    )
