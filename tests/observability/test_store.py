from __future__ import annotations

from observability.spans import Span
from observability.store import Store


def span(trace: str, number: int) -> Span:
    return Span(trace_id=trace, span_id=f"{number:016x}", name="x")


def test_a_span_that_comes_twice_counts_once() -> None:
    store = Store(100)
    store.add([span("a", 1), span("a", 2)])
    store.add([span("a", 1)])
    for _ in range(200):
        store.add([span("a", 1)])
    assert [each.span_id[-1] for each in store.trace("a")] == ["1", "2"]
    assert store.dropped == 0


def test_the_oldest_trace_goes_first_when_there_is_no_more_room() -> None:
    store = Store(100)
    for trace in range(14):
        store.add(span(str(trace), number) for number in range(10))
    assert store.traces() == tuple(str(trace) for trace in range(4, 14))
    assert store.dropped == 40
    assert store.trace("0") == ()


def test_one_trace_cannot_push_all_others_out() -> None:
    store = Store(100)
    store.add([span("small", 1)])
    store.add(span("huge", number) for number in range(1000))
    assert len(store.trace("huge")) == 10
    assert len(store.trace("small")) == 1
    assert store.dropped == 990


def test_a_trace_that_was_never_heard_of_is_empty() -> None:
    assert Store(100).trace("nobody") == ()
