"""A trace is shown when all of it has arrived."""

from __future__ import annotations

import asyncio

import pytest

from discovery.testing.clock import FakeClock
from launcher.demo.failures import StepFailed
from launcher.demo.scene import Scene, is_whole
from launcher.local import Running
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


def scene(**parts: object) -> Scene:
    known = {
        "system": None,
        "gateway": None,
        "login": None,
        "traces": None,
        "clock": FakeClock(),
        "say": print,
    }
    return Scene(**{**known, **parts})  # type: ignore[arg-type]


async def test_what_consul_does_not_answer_in_time_is_asked_again() -> None:
    asked = []

    async def ask() -> None:
        asked.append(1)
        if len(asked) < 3:
            raise TimeoutError

    clock = FakeClock()
    asking = asyncio.create_task(scene(clock=clock).persistently(ask))
    await clock.advance(1)
    await asking
    assert len(asked) == 3


async def test_what_consul_never_answers_is_given_up() -> None:
    async def ask() -> None:
        raise TimeoutError

    clock = FakeClock()
    asking = asyncio.create_task(scene(clock=clock).persistently(ask))
    await clock.advance(20)
    with pytest.raises(TimeoutError):
        await asking


@pytest.mark.parametrize(
    ("health", "said"),
    [("passing", "no span tells of a call to ports"), ("critical", "no instance of ports is healthy")],
)
async def test_an_instance_is_waited_for_and_what_is_missing_is_said(health: str, said: str) -> None:
    class Nobody:
        async def instances(self) -> tuple[Running, ...]:
            return (Running("ports-1", "ports-1", 7, "http://127.0.0.1:5001", health),)

        async def latest(self, service: str, limit: int) -> list[object]:
            return []

    clock = FakeClock()
    looking = asyncio.create_task(scene(system=Nobody(), traces=Nobody(), clock=clock).busiest("ports"))
    await clock.advance(10)
    assert not looking.done()
    await clock.advance(10)
    with pytest.raises(StepFailed, match=said):
        await looking
