"""What a request costs its server, and both ends together: as members of a mesh, beside bare aiohttp."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.environment import Environment
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from launcher.development import Row


@dataclass(frozen=True, slots=True)
class Side:
    """A way of serving, and who calls. A plain session only drives the server; what any other caller uses counts."""

    what: str
    server: str
    caller: str = "plain"
    both: bool = False
    goal: AtLeast | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


BARE = "bare"
SERVERS: Mapping[str, Side] = {
    BARE: Side("a bare server", "bare"),
    "member": Side("a member, untraced", "member", goal=AtLeast(0.92)),
    "observed": Side("a member, 100 % traced", "observed", goal=AtLeast(0.75), environ=ALL_TRACED),
    "official": Side("the official instrumentation, 100 % traced", "official", environ=ALL_TRACED),
}
ENDS: Mapping[str, Side] = {
    BARE: Side("plain aiohttp", "bare", both=True),
    "mesh": Side("the mesh, untraced", "member", "fast", both=True),
    "observed": Side("the mesh, 100 % traced", "observed", "observed", both=True, environ=ALL_TRACED),
    "official": Side(
        "the official instrumentation, 100 % traced", "official", "official", both=True, environ=ALL_TRACED
    ),
}


def there(sides: Mapping[str, Side], peers: Environment | None) -> Mapping[str, Side]:
    """Those of *sides* that can be measured."""
    has_official = peers is not None and peers.has("opentelemetry.instrumentation.aiohttp_server")
    return {name: side for name, side in sides.items() if has_official or side.server != "official"}


async def measure(
    sides: Mapping[str, Side], scale: Scale, loop: str, program: str, peers: Environment | None
) -> Rounds:
    """All rounds of all *sides*, by that Python."""
    async with collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {}
            for name, side in sides.items():
                environ = {**sent_to, **side.environ}
                python = peers.python if peers and side.server == "official" else program
                served = await stack.enter_async_context(server(side.server, loop, environ=environ, program=python))
                opened = client(side.caller, served.said, loop, environ, python)
                contenders[name] = Contender(await stack.enter_async_context(opened), (served,), own=side.both)
            return contenders

        return await held(opens, scale)


def rows(sides: Mapping[str, Side], rounds: Rounds) -> list[Row]:
    """The figures for people."""
    found = []
    way = "by both ends:" if sides[BARE].both else "at"
    for method in ("GET", "POST"):
        found += absolute(f"{method} {way} {sides[BARE].what}", rounds, BARE, method)
        for name, side in sides.items():
            if name != BARE:
                found += compared(f"{method} {way} {side.what}", rounds, (name, BARE), method, "× bare", side.goal)
    return found
