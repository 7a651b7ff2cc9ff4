"""What a call says about the registry, and that the registry's own conversations are no spans."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from discovery.call import Call, Lookup
from discovery.call_errors import NoInstances
from discovery.config import MeshConfig
from discovery.errors import RegistryUnavailable
from discovery.model import Instance, Source, Target, View
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry
from observability.testing import recorded
from observability.tracing import Tracing
from tests.observability.support import call, end, peer

VIEW = View(target=Target("ports"), instances=(peer(1), peer(2)), index=7, as_of=0.0, source=Source.STATIC)


class Traced:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(self.provider.get_tracer("test"), FakeClock())

    def after(self, view: View | None, age_s: float, waited_s: float) -> ReadableSpan:
        """The span of a call that looked that up."""
        asked = call()
        asked.lookup = Lookup(view, age_s, waited_s)
        return self.of(asked)

    def of(self, asked: Call) -> ReadableSpan:
        """The span of a call that is over."""
        self.tracing.called(asked, self.tracing.began(asked), "")
        (span,) = self.exporter.get_finished_spans()
        return span


@pytest.fixture
def traced() -> Iterator[Traced]:
    traced = Traced()
    yield traced
    traced.provider.shutdown()


def test_a_call_that_waited_has_an_event_that_says_what_came(traced: Traced) -> None:
    span = traced.after(VIEW, 0.0, 1.5)
    (event,) = span.events
    assert (event.name, dict(event.attributes or {})) == (
        "mesh.lookup",
        {"mesh.lookup.wait": 1.5, "mesh.lookup.instances": 2},
    )
    assert span.start_time is not None
    assert event.timestamp - span.start_time == 1_500_000_000


def test_a_call_that_waited_in_vain_for_the_first_answer_knows_of_no_instances(traced: Traced) -> None:
    span = traced.after(None, 0.0, 2.0)
    (event,) = span.events
    assert dict(event.attributes or {}) == {"mesh.lookup.wait": 2.0}
    assert "mesh.view.age" not in (span.attributes or {})


def test_a_call_that_waited_for_its_turn_says_for_how_long(traced: Traced) -> None:
    asked = call()
    asked.queued_s = 0.25
    span = traced.of(asked)
    assert (span.attributes or {})["mesh.queue.wait"] == 0.25


def test_a_call_by_an_old_view_says_how_old(traced: Traced) -> None:
    span = traced.after(VIEW, 90.0, 0.0)
    assert span.attributes is not None
    assert (span.attributes["mesh.view.age"], span.attributes["mesh.view.source"]) == (90.0, "static")
    assert span.events == ()


def test_a_call_that_is_not_sampled_says_nothing(identity: Instance) -> None:
    with recorded(identity, sampler=ALWAYS_OFF) as told:
        end(told.observer, call(), lookup=Lookup(VIEW, 90.0, 1.5))
    assert told.spans() == ()


async def test_ten_minutes_of_polls_pulses_failures_and_changes_are_no_span(identity: Instance) -> None:
    clock, registry = FakeClock(), FakeRegistry()
    with recorded(identity, clock=clock) as told:
        around = Surroundings(clock=clock, observer=told.observer)
        async with Mesh(MeshConfig(name="shop"), registry, around=around) as mesh:
            mesh.directory("ports")
            await clock.advance(10)
            for number in range(1, 10):
                registry.fail(RegistryUnavailable("away"))
                await clock.advance(30)
                registry.heal()
                registry.replace("ports", [peer(number)])
                await clock.advance(30)
            assert told.spans() == ()
            assert told.measured("mesh.loop.lag") == [({}, 550)]

            registry.replace("ports", [])
            await clock.settle()
            with pytest.raises(NoInstances):
                await mesh.get("http://nobody/", timeout=0)
        assert [span.name for span in told.spans()] == ["call nobody"]
