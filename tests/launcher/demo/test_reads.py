"""Each read is known by its trace, and those that failed are told apart by what their traces show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from discovery.testing.clock import FakeClock
from launcher.demo.fate import Broken, Fate
from launcher.demo.reads import Reads
from launcher.demo.scene import Scene
from launcher.demo.traces import Spans
from observability import Span, semconv

BROKEN = Broken.killed("ports-1", at_ns=0)


def spans(*outcomes: str) -> Spans:
    """The gateway made one call, whose attempts went to `ports-1`, `ports-2` and so on."""

    def span(span_id: str, parent: str, kind: str, attributes: dict[str, str | int]) -> Span:
        return Span(
            trace_id="t",
            span_id=span_id,
            parent_id=parent,
            name=span_id,
            kind=kind,
            service="gateway",
            attributes=attributes,
        )

    attempts: Iterator[dict[str, str | int]] = (
        {semconv.MESH_ATTEMPT: n, semconv.MESH_INSTANCE_ID: f"ports-{n}", semconv.MESH_OUTCOME: outcome}
        for n, outcome in enumerate(outcomes, 1)
    )
    below = (span(f"attempt {number}", "call", "client", each) for number, each in enumerate(attempts, 1))
    return (span("top", "the reader", "server", {}), span("call", "top", "internal", {}), *below)


class KnownTraces:
    """What has arrived, by the number of the read."""

    def __init__(self, arrived: dict[int, Spans]) -> None:
        self._arrived = arrived
        self.reads: Reads

    async def retried(self) -> list[str]:
        return ["a stranger's", *(self.reads.ids[number] for number, found in self._arrived.items() if len(found) > 3)]

    async def read(self, trace_id: str) -> Spans:
        return self._arrived[self.reads.ids.index(trace_id)]

    async def wait_for(self, trace_id: str, until: Callable[[Spans], bool], within_s: float) -> Spans:
        if until(found := self._arrived.get(self.reads.ids.index(trace_id), ())):
            return found
        raise TimeoutError


async def made(answers: list[str], arrived: dict[int, Spans]) -> Reads:
    """Reads with these answers, of which each has its trace but for those that were lost."""
    asked = count()

    async def read_laptop(laptop: int) -> tuple[dict[str, Any], str, str]:
        if answers[number := next(asked)] == "lost":
            raise aiohttp.ServerDisconnectedError
        return {}, answers[number], f"trace-{number}"

    traces = KnownTraces(arrived)
    scene = SimpleNamespace(read_laptop=read_laptop, traces=traces, clock=FakeClock())
    reads = traces.reads = Reads(cast("Scene", scene))
    for number, answer in enumerate(answers):
        if answer == "lost":
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await reads.send(number)
        else:
            assert await reads.send(number) == answer
    return reads


async def test_each_read_has_the_trace_that_its_answer_names() -> None:
    reads = await made(["", "ports missing", "lost"], {})

    assert reads.ids == ["trace-0", "trace-1", ""]
    assert reads.failed == reads.ids[1:]
    assert await reads.fates(BROKEN) == {Fate.UNKNOWN: 2}


async def test_those_that_got_round_are_the_ones_that_met_it_and_were_answered() -> None:
    met, elsewhere = spans("lost", "answered"), spans("timed-out", "answered")
    reads = await made(["", "", "ports missing", ""], {0: met, 1: elsewhere, 2: met, 3: spans("answered")})

    assert await reads.retried() == reads.ids[:3]
    assert await reads.got_round(BROKEN) == 1


async def test_why_each_failed_is_known_or_said_to_be_unknown() -> None:
    reads = await made(["", *["ports missing"] * 102], {1: spans("lost"), 2: spans("lost", "timed-out")})

    # Of those that are not looked up nothing is said.
    assert await reads.fates(BROKEN) == {Fate.STRANDED: 1, Fate.LATE: 1, Fate.UNKNOWN: 98}
