"""The trace that is shown has one retry, and nothing else to explain."""

from __future__ import annotations

import pytest

from launcher.demo.steps import shows_a_retry
from observability import Node
from tests.launcher.demo.nodes import attempt, trace

REFUSED = attempt(1, "ports-1", "unavailable", 503)


@pytest.mark.parametrize(
    ("nodes", "shown"),
    [
        pytest.param(trace(REFUSED, attempt(2, "ports-2", "answered", 200)), True, id="refused, then answered"),
        pytest.param(trace(attempt(1, "ports-1", "answered", 200)), False, id="answered at once"),
        pytest.param(trace(REFUSED), False, id="refused and left alone"),
        pytest.param(
            trace(REFUSED, attempt(2, "ports-2", "timed-out"), attempt(3, "ports-3", "answered", 200)),
            False,
            id="a third attempt",
        ),
        pytest.param(
            trace(attempt(1, "ports-1", "timed-out"), attempt(2, "ports-2", "answered", 200)), False, id="not refused"
        ),
    ],
)
def test_a_trace_is_shown_that_has_one_refusal_and_one_answer_from_elsewhere(nodes: list[Node], shown: bool) -> None:
    assert shows_a_retry(nodes) is shown
