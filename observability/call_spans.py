"""The spans of a call that is over: one for the call, and one below it for each attempt.

Where nobody but our own exporter wants them, a call's record waits for its thread, which writes them without ever
making any (``encoding.py``). Else they are made of the same descriptions (``tracing.py``).
"""

from __future__ import annotations

from typing import NamedTuple

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Tracer
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from discovery.call import Call, Lookup
from observability import attributes
from observability.recording import Values
from observability.sampling import Asked, Start
from observability.traits import AttemptTraits, CallTraits


class Description(NamedTuple):
    """One span; times are nanoseconds of the wall clock. *values* are what others hardly have, too."""

    span_id: int
    began_ns: int
    ended_ns: int
    values: Values
    traits: CallTraits | AttemptTraits

    @property
    def attributes(self) -> Values:
        """All that it says."""
        return {**self.values, **self.traits.values()}


def begun(call: Call) -> Asked:
    """What a sampler is told of a call that begins."""
    traits = attributes.traits_of_call(call, "")
    return Asked(traits.name, traits.kind, attributes.begun(call))


class CallSpans(NamedTuple):
    """What they are made of: the *call*, its *failure*, how its span began, and by how much the wall's clock is ahead.

    *tracer* would have made them.
    """

    call: Call
    failure: str
    start: Start
    ahead_ns: int
    tracer: Tracer

    @property
    def resource(self) -> Resource:
        """Whose they are."""
        return self.tracer.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        """By whom they are made."""
        return self.tracer._instrumentation_scope  # noqa: SLF001 - there is no other way to ask

    @property
    def size(self) -> int:
        """How many they are."""
        return 1 + len(self.call.attempts)

    def whole(self) -> Description:
        """The call's own."""
        call, start = self.call, self.start
        traits, values = attributes.traits_of_call(call, self.failure), attributes.of_call(call)
        if start.attributes is not None:
            asked = traits.values()
            said = {name: value for name, value in start.attributes.items() if name not in asked}
            values = {**said, **values}
        began_ns, ended_ns = self._at(call.began_at), self._at(call.ended_at)
        return Description(start.span_id, began_ns, ended_ns, values, traits)

    def parts(self) -> list[Description]:
        """Those of its attempts, whose ids are drawn already."""
        call, ids = self.call, self.start.parts or {}
        return [
            Description(
                ids[attempt.number],
                self._at(attempt.began_at),
                self._at(attempt.ended_at),
                attributes.of_attempt(call, attempt),
                attributes.traits_of_attempt(call, attempt),
            )
            for attempt in call.attempts
        ]

    def waited(self) -> tuple[int, Lookup] | None:
        """The lookup that the call waited for, if it did, and until when."""
        lookup = self.call.lookup
        if lookup is None or not lookup.waited_s:
            return None
        return self._at(self.call.began_at + lookup.waited_s), lookup

    def _at(self, moment: float) -> int:
        return self.ahead_ns + int(moment * 1e9)
