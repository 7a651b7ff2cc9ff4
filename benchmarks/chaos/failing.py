"""Most of the instances fail while their checks pass: whoever can be served must be."""

from __future__ import annotations

from contextlib import nullcontext

from benchmarks.chaos import judging
from benchmarks.chaos.behaviour import Behaviour, Fault
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.record import GET
from benchmarks.chaos.stage import Stage, at_most, none
from launcher.development import Row

# How often an instance may fail a POST before it gets none any more.
_POSTS = 5


def _scenario(name: str, what: str, broken: int, behaviour: Behaviour | None) -> Scenario[Stage]:
    """So many of three behave so; ``None``: they are dead, and Consul is frozen, so that nobody is told."""

    async def play(stage: Stage) -> list[Row]:
        playing = await stage.whole()
        victims = playing.peers[:broken]
        async with playing.sending(stage.steady(playing, name)) as run:
            await stage.pause(3, 2)
            began = stage.clock.now()
            with nullcontext() if behaviour else playing.frozen():
                for peer in victims:
                    await (peer.behave(behaviour) if behaviour else peer.kill())
                await stage.pause(24, 6)
                half = (began + stage.clock.now()) / 2
                calls = judging.due(await run.stop(), since=began)
        arrivals, names = playing.arrivals(f"{name}-"), [peer.name for peer in victims]
        later = judging.worst_of_posts(judging.due(calls, since=half), names, arrivals)
        return [
            none(f"{what}: repeatable calls failed", len(judging.failed(calls)), sum(c.method == GET for c in calls)),
            at_most(f"{what}: POSTs failed at one of them", judging.worst_of_posts(calls, names, arrivals), _POSTS, ""),
            at_most(f"{what}: POSTs failed at one of them, second half of the time", later, 0, ""),
        ]

    return Scenario(name, what, play)


SCENARIOS = (
    _scenario("two-503", "two of three answer 503", 2, Behaviour(Fault.STATUS, status=503)),
    _scenario("two-500", "two of three answer 500", 2, Behaviour(Fault.STATUS, status=500)),
    _scenario("two-hang", "two of three hang", 2, Behaviour(Fault.HANG)),
    _scenario("two-dead", "two of three are dead, Consul is frozen", 2, None),
    _scenario("one-500", "one of three answers 500", 1, Behaviour(Fault.STATUS, status=500)),
)
