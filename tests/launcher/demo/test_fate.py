"""Why a request failed is read off its trace; only what a trace shows to be late is put down to the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from launcher.demo.fate import Broken, Fate, fate, is_settled
from observability import Node, Span, semconv
from tests.launcher.demo.nodes import attempt, trace

KILLED = Broken.killed("ports-1", at_ns=1000)
LOST = attempt(1, "ports-1", "lost")
ANSWERED = attempt(1, "ports-2", "answered", 200)
UNSENT = attempt(1, "ports-1", "unsent")


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        pytest.param(trace(LOST), Fate.STRANDED, id="lost, and no further attempt"),
        pytest.param(trace(UNSENT), Fate.STRANDED, id="unsent, and no further attempt"),
        pytest.param(
            trace(LOST, attempt(2, "ports-1", "unsent"), took_ms=1600),
            Fate.STRANDED,
            id="the dead one again, and slowly",
        ),
        pytest.param(trace(LOST, attempt(2, "ports-2", "timed-out")), Fate.LATE, id="elsewhere, where time ran out"),
        pytest.param(trace(attempt(1, "ports-2", "timed-out")), Fate.LATE, id="a living one was slow"),
        pytest.param(trace(attempt(1, "ports-1", "timed-out")), Fate.LATE, id="the dead one refuses, it is never slow"),
        pytest.param(trace(attempt(1, "ports-2", "cancelled")), Fate.LATE, id="the caller gave up"),
        pytest.param(trace(attempt(1, "ports-2", "answered", 200), took_ms=1500), Fate.LATE, id="the body was late"),
        pytest.param(
            trace(attempt(1, "ports-2", "answered", 503), nack="deadline"), Fate.LATE, id="it came after its deadline"
        ),
        pytest.param(
            [attempt(1, "laptops-1", "timed-out", depth=2) if each.depth == 2 else each for each in trace(ANSWERED)],
            Fate.LATE,
            id="laptops were slow, who were answered themselves",
        ),
        pytest.param(trace(took_ms=1600), Fate.OTHER, id="nobody was asked at all"),
        pytest.param(trace(attempt(1, "ports-2", "unsent")), Fate.OTHER, id="a living one refused"),
        pytest.param(trace(attempt(1, "ports-2", "answered", 500)), Fate.OTHER, id="a living one failed"),
        pytest.param(trace(LOST, attempt(2, "ports-2", "unavailable", 503)), Fate.OTHER, id="elsewhere, refused again"),
    ],
)
def test_why_a_request_failed(nodes: list[Node], expected: Fate) -> None:
    assert fate(nodes, KILLED) is expected


def test_a_call_that_began_when_its_caller_had_no_time_left_was_late() -> None:
    gateway, *below = trace(took_ms=0)
    assert fate([replace(gateway, duration_ms=15_000), *below], KILLED) is Fate.LATE


@pytest.mark.parametrize(
    ("instance", "outcome", "start_ns", "held_up"),
    [
        ("ports-1", "timed-out", 999, True),
        ("ports-1", "cancelled", 999, True),
        ("ports-1", "timed-out", 1000, False),
        ("ports-1", "lost", 999, False),
        ("ports-2", "timed-out", 999, False),
    ],
)
def test_who_waited_on_while_the_instance_died_was_held_up(
    instance: str, outcome: str, start_ns: int, held_up: bool
) -> None:
    attributes: dict[str, str | int] = {
        semconv.MESH_ATTEMPT: 1,
        semconv.MESH_INSTANCE_ID: instance,
        semconv.MESH_OUTCOME: outcome,
    }
    span = Span(trace_id="t", span_id="s", name="GET", start_ns=start_ns, end_ns=1001, attributes=attributes)

    assert KILLED.held_up(span) is held_up
    assert not Broken.nobody().held_up(span)
    assert not KILLED.held_up(replace(span, end_ns=1000))


def test_each_way_to_be_broken_has_its_own_marks() -> None:
    refused = attempt(1, "ports-1", "unavailable", 503)
    refusing = Broken.refusing("ports-1", "ports-2")

    assert [refusing.met_by(each) for each in (refused, LOST, attempt(1, "ports-3", "unavailable", 503))] == [
        True,
        False,
        False,
    ]
    assert [KILLED.met_by(each) for each in (refused, LOST, UNSENT, attempt(2, "ports-1", "answered", 200))] == [
        False,
        True,
        True,
        False,
    ]
    assert fate(trace(refused), refusing) is Fate.STRANDED


def test_a_trace_is_settled_with_a_server_for_each_answer_and_none_for_what_was_lost() -> None:
    whole = trace(LOST, attempt(2, "ports-2", "answered", 200))

    assert is_settled(whole)
    assert not is_settled(whole[:-1])  # who answered has not told yet
    assert not is_settled(whole[:3])
    assert not is_settled(whole[1:])  # the gateway has not told yet
    assert not is_settled([])
