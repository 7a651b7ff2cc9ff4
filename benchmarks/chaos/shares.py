"""One of three fails or is slow: how little of the traffic it gets, and how it gets its part back."""

from __future__ import annotations

from math import isinf

from benchmarks.chaos import judging
from benchmarks.chaos.behaviour import WELL, Behaviour, Fault
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.stage import Stage, at_most
from launcher.development import Row

# Of an even part of three, in percent: from there on a repaired instance counts as served like the others.
_FAIR = 0.8 * 100 / 3
_FAIR_S, _PROBE_S = 15.0, 1.0


def _share(name: str, what: str, behaviour: Behaviour, *, within_s: float, most: float) -> Scenario[Stage]:
    """The share of the traffic that one gets which behaves so, from *within_s* seconds on: at most so much percent."""

    async def play(stage: Stage) -> list[Row]:
        playing = await stage.whole()
        victim = playing.peers[0]
        async with playing.sending(stage.steady(playing, name)) as run:
            await stage.pause(3, 2)
            since = await victim.behave(behaviour) + within_s
            await stage.clock.sleep(within_s)
            await stage.pause(20, 6)
            until = stage.clock.now()
            await run.stop()
        got = judging.share(playing.arrivals(f"{name}-"), victim.name, since, until)
        return [at_most(f"{what}: its share of the traffic after {within_s:g} s", got, most, "%")]

    return Scenario(name, what, play)


async def _repaired(stage: Stage) -> list[Row]:
    playing = await stage.whole()
    victim = playing.peers[0]
    async with playing.sending(stage.steady(playing, "repaired")) as run:
        await stage.pause(3, 2)
        await victim.behave(Behaviour(Fault.STATUS, status=500))
        await stage.pause(10, 4)
        at = await victim.behave(WELL)
        # So long that what takes longer than it may is seen to be back as well, or else counts as this.
        await stage.pause(60, 20)
        watched_s = round(stage.clock.now() - at, 1)
        await run.stop()
    arrivals = playing.arrivals("repaired-")
    late_s, fair_s = (
        judging.probe_late_s(arrivals, victim.name, at),
        judging.fair_after_s(arrivals, victim.name, at, _FAIR),
    )
    what = "one of three answered 500, and is repaired"
    return [
        _after(f"{what}: first request after the end of its penalty", late_s, _PROBE_S, watched_s),
        _after(f"{what}: four fifths of an even share", fair_s, _FAIR_S, watched_s),
    ]


def _after(what: str, value_s: float, most_s: float, watched_s: float) -> Row:
    if isinf(value_s):
        return Row(what, watched_s, "s and more", f"<= {most_s:g} s", met=False)
    return at_most(what, value_s, most_s, "s")


def _errors(percent: int, within_s: float) -> Scenario[Stage]:
    behaviour = Behaviour(Fault.STATUS, share=percent / 100, status=500)
    return _share(f"errors-{percent}", f"{percent} % errors of one of three", behaviour, within_s=within_s, most=1)


SCENARIOS = (
    _errors(50, 1),
    _errors(30, 3),
    _errors(20, 10),
    _share("slow", "one of three takes ten times as long", Behaviour(Fault.SLOW), within_s=2, most=5),
    _share("silent", "one of three never answers", Behaviour(Fault.HANG), within_s=2, most=1),
    _share("cut", "one of three cuts its bodies", Behaviour(Fault.CUT), within_s=2, most=1),
    _share("reset", "one of three resets in mid-body", Behaviour(Fault.RESET), within_s=2, most=1),
    Scenario("repaired", "one of three is repaired", _repaired),
)
