"""What a call costs its client: by each of our doors, beside plain aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.calls.contest import absolute, arrived, client, collector, compared, held, server
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.load import CELLS
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from launcher.development import Row


@dataclass(frozen=True, slots=True)
class Door:
    """A way of calling: the client that knows it, and what it is compared with.

    One through a sidecar has its own ``address`` and counts what the processes of those numbers use; one by another
    library has its own Python.
    """

    what: str
    client: str
    goal: AtLeast | None = None
    to: str = "plain"
    environ: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    sidecars: tuple[int, ...] = ()
    program: str = ""


# Opened with the address that all call; yields ways of calling it that are not ours.
Others = Callable[[str], AbstractAsyncContextManager[Mapping[str, Door]]]


PLAIN = "plain"
# One for the call, one for its attempt; made by us, and by no official instrumentation.
_SPANS, _SCOPE = 2, "proconsul"
ALL_TRACED = {"OTEL_TRACES_SAMPLER": "always_on"}
NONE_TRACED = {"OTEL_TRACES_SAMPLER": "always_off"}
DOORS: Mapping[str, Door] = {
    PLAIN: Door("a plain session", "plain"),
    "fast": Door("mesh, untraced", "fast", AtLeast(1.0, 0.92)),
    "public": Door("mesh, untraced, the public way", "public", AtLeast(0.85)),
    "traced": Door("mesh, 100 % traced", "observed", AtLeast(0.80, 0.65), environ=ALL_TRACED),
    "unsampled": Door("mesh, 0 % traced, metrics on", "observed", AtLeast(0.95), environ=NONE_TRACED),
    "empty-middleware": Door("an empty middleware", "empty-middleware"),
    "middleware": Door("the mesh's middleware", "middleware", AtLeast(0.88), to="empty-middleware"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """All rounds of all *doors*, and how many spans arrived for every call that was to be traced."""

    doors: Mapping[str, Door]
    rounds: Rounds
    spans: float


@asynccontextmanager
async def alone(_: str) -> AsyncIterator[Mapping[str, Door]]:
    """No others than ours."""
    yield {}


async def measure(scale: Scale, loop: str, program: str, others: Others = alone) -> Measured:
    """All rounds of all doors, and of the *others*; by that Python."""
    async with server("raw") as called, collector() as sent_to, others(called.said) as more:
        doors = {**DOORS, **more}

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {}
            for name, door in doors.items():
                environ = {**sent_to, **door.environ}
                opened = client(door.client, door.address or called.said, loop, environ, door.program or program)
                contenders[name] = Contender(await stack.enter_async_context(opened), sidecars=door.sidecars)
            return contenders

        rounds = await held(opens, scale)
        calls = len(CELLS) * (scale.calls * scale.rounds + scale.warm_calls * scale.lives)
        return Measured(doors, rounds, await arrived(sent_to, _SCOPE) / calls)


def rows(measured: Measured) -> list[Row]:
    """The figures for people: by door and method, over all cells."""
    doors, rounds = measured.doors, measured.rounds
    found = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} by a plain session", rounds, PLAIN, method)
        for name, door in doors.items():
            if name != PLAIN:
                unit = "× plain" if door.to == PLAIN else "× empty"
                found += compared(f"{method} by {door.what}", rounds, (name, door.to), method, unit, door.goal)
    # Whoever drops spans is cheap.
    whole = measured.spans >= _SPANS
    what = "spans that arrived of a call that is 100 % traced"
    return [*found, Row(what, round(measured.spans, 3), "spans", f">= {_SPANS}", whole)]
