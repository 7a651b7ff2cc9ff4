"""A call as an observer is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from discovery.call import Call
from discovery.model import Attempt, Instance, Outcome, Target

FIRST = Attempt(1, Instance(id="a", service="ports", host="127.0.0.1", port=1), Outcome.LOST)


@dataclass
class Last:
    """An attempt that counts how often its record is made."""

    made: int = 0

    def record(self) -> Attempt:
        self.made += 1
        return FIRST._replace(number=2)


def test_the_record_of_the_last_attempt_is_made_when_somebody_looks_and_once() -> None:
    call, last = Call(Target("ports"), "GET", "/", 1.0), Last()
    assert not call.attempts
    call.tried((FIRST,), last)
    assert last.made == 0
    assert [attempt.number for attempt in call.attempts] == [1, 2]
    assert [attempt.number for attempt in call.attempts] == [1, 2]
    assert last.made == 1


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"outcome": Outcome.ANSWERED, "status": 200}, "1. a  127.0.0.1:1  200  1.2 ms"),
        ({"outcome": Outcome.NACKED, "status": 503}, "1. a  127.0.0.1:1  503  nacked  1.2 ms"),
        (
            {"number": 2, "error": "it broke\n\x1b[31m", "reason": "unavailable (503)", "waited_s": 0.05},
            "2. a  127.0.0.1:1  lost  1.2 ms  it broke\\n\\x1b[31m  because: unavailable (503), after 50 ms",
        ),
    ],
)
def test_an_attempt_is_a_line_for_people(changes: dict[str, Any], line: str) -> None:
    attempt = FIRST._replace(duration_s=0.00123, **changes)
    assert (str(attempt), f"{attempt}") == (line, line)
    assert "instance=Instance(" in repr(attempt)
