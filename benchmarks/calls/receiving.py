"""What a request costs its server: as a member of a mesh, beside a bare aiohttp server."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from launcher.development import Row


@dataclass(frozen=True, slots=True)
class Side:
    """A way of serving."""

    what: str
    goal: AtLeast | None = None
    environ: Mapping[str, str] = field(default_factory=dict)


BARE = "bare"
SIDES: Mapping[str, Side] = {
    BARE: Side("a bare server"),
    "member": Side("a member, untraced", AtLeast(0.92)),
    "observed": Side("a member, 100 % traced", AtLeast(0.75), ALL_TRACED),
}


async def measure(scale: Scale, loop: str) -> Rounds:
    """All rounds of all ways of serving. The caller is a plain session, and does not count."""
    async with collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {}
            for kind, side in SIDES.items():
                served = await stack.enter_async_context(server(kind, loop, environ={**sent_to, **side.environ}))
                caller = await stack.enter_async_context(client("plain", served.said))
                contenders[kind] = Contender(caller, servers=(served,), own=False)
            return contenders

        return await held(opens, scale)


def rows(rounds: Rounds) -> list[Row]:
    """The figures for people."""
    found = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} at a bare server", rounds, BARE, method)
        for kind, side in SIDES.items():
            if kind != BARE:
                found += compared(f"{method} at {side.what}", rounds, (kind, BARE), method, "× bare", side.goal)
    return found
