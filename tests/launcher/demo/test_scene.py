"""A trace is shown when all of it has arrived."""

from __future__ import annotations

from launcher.demo.scene import is_whole
from observability import Span, semconv


def span(id: str, parent: str, service: str, kind: str = "server", attempt: int = 0) -> Span:
    attributes = {semconv.MESH_ATTEMPT: attempt} if attempt else {}
    return Span(trace_id="t", span_id=id, parent_id=parent, name=id, kind=kind, service=service, attributes=attributes)


GATEWAY = span("in", "", "gateway")
FIRST = span("first", "in", "gateway", "client", attempt=1)
SECOND = span("second", "in", "gateway", "client", attempt=2)
AT_FIRST = span("at-1", "first", "ports")
AT_SECOND = span("at-2", "second", "ports")


def test_a_trace_is_whole_with_the_gateway_on_top_and_a_server_for_each_attempt() -> None:
    assert is_whole((AT_SECOND, FIRST, GATEWAY, SECOND, AT_FIRST))


def test_a_trace_that_misses_a_part_is_not_whole() -> None:
    parts = (GATEWAY, FIRST, SECOND, AT_FIRST, AT_SECOND)
    for missing in parts:
        assert not is_whole(tuple(part for part in parts if part is not missing)), missing.name
    assert not is_whole(())
