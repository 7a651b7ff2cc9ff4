"""What a request costs its server: as a member of a mesh, beside a bare aiohttp server."""

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
_OFFICIAL = Side("a server with the official instrumentation, 100 % traced", environ=ALL_TRACED)


async def measure(
    scale: Scale, loop: str, program: str, peers: Environment | None
) -> tuple[Mapping[str, Side], Rounds]:
    """All rounds of all ways of serving, by that Python. The caller is a plain session, and does not count."""
    sides = dict(SIDES)
    if peers and peers.has("opentelemetry.instrumentation.aiohttp_server"):
        sides["official"] = _OFFICIAL
    async with collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {}
            for kind, side in sides.items():
                other = peers.python if peers and kind == "official" else program
                opened = server(kind, loop, environ={**sent_to, **side.environ}, program=other)
                served = await stack.enter_async_context(opened)
                caller = await stack.enter_async_context(client("plain", served.said))
                contenders[kind] = Contender(caller, servers=(served,), own=False)
            return contenders

        return sides, await held(opens, scale)


def rows(sides: Mapping[str, Side], rounds: Rounds) -> list[Row]:
    """The figures for people."""
    found = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} at a bare server", rounds, BARE, method)
        for kind, side in sides.items():
            if kind != BARE:
                found += compared(f"{method} at {side.what}", rounds, (kind, BARE), method, "× bare", side.goal)
    return found
