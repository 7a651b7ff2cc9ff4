"""What is over is counted some dozens at a time, and at the latest when somebody asks."""

from __future__ import annotations

from opentelemetry.metrics import CallbackOptions

from discovery.model import Instance
from observability.backlog import Backlog
from observability.tally import Tally
from observability.testing import recorded
from tests.observability.support import attempt, make


def test_what_waits_is_counted_before_anybody_is_told() -> None:
    backlog, tally = Backlog(), Tally("kind")
    observe = backlog.before(tally)
    for _ in range(5):
        backlog.add(tally.add, "a")
    assert [*tally(CallbackOptions())] == []
    assert [each.value for each in observe(CallbackOptions())] == [5]
    assert [each.value for each in observe(CallbackOptions())] == [5], "once"


def test_it_does_not_grow() -> None:
    backlog, tally = Backlog(), Tally("kind")
    for _ in range(1000):
        backlog.add(tally.add, "a")
    (counted,) = tally(CallbackOptions())
    assert 1000 - 64 < counted.value <= 1000


def test_a_report_has_every_call_that_is_over(identity: Instance) -> None:
    with recorded(identity) as told:
        for _ in range(3):
            make(told.observer, attempt())
        assert [count for _, count in told.measured("http.client.request.duration")] == [3]
        assert [count for _, count in told.measured("mesh.client.calls")] == [3]
