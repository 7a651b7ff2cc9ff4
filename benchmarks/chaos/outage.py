"""All instances of a service fail: how many requests they get for each call, directly and at the end of a chain."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.chaos import judging
from benchmarks.chaos.behaviour import Behaviour, Fault
from benchmarks.chaos.field import Field
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.stage import SERVICE, Stage, at_most
from launcher.development import Row

_CHAIN = ("chaos-first", "chaos-second", "chaos-deepest")
_DOWN = Behaviour(Fault.STATUS, status=503)


@dataclass(frozen=True, slots=True)
class _Outage:
    """So many calls a second through so many hops, and how many requests the deepest service may get for each."""

    hops: int
    rate: float
    most: float

    @property
    def name(self) -> str:
        return f"outage-{self.hops}-{self.rate:g}"

    @property
    def what(self) -> str:
        return f"total outage, {self.hops} hop{'s' * (self.hops > 1)}, {self.rate:g} calls/s"

    async def play(self, stage: Stage) -> list[Row]:
        if self.hops == 1:
            return [await self._amplified(stage, await stage.whole(), SERVICE, SERVICE)]
        async with stage.field() as playing:
            for service, beyond in zip(_CHAIN, (*_CHAIN[1:], ""), strict=True):
                for number in (1, 2):
                    await playing.add(replace(stage.plan(playing, service, number), beyond=beyond))
            return [await self._amplified(stage, playing, _CHAIN[0], _CHAIN[-1])]

    async def _amplified(self, stage: Stage, playing: Field, entry: str, deepest: str) -> Row:
        load = replace(
            stage.steady(playing, self.name, self.rate, post_every=0),
            service=entry,
            instances=sum(peer.plan.service == entry for peer in playing.peers),
        )
        async with playing.sending(load) as run:
            await stage.pause(10, 4)
            began = stage.clock.now()
            for peer in playing.peers:
                if peer.plan.service == deepest:
                    await peer.behave(_DOWN)
            # Slow loads need longer for a figure that says something.
            await stage.pause(60, 10)
            calls = await run.stop()
        during = judging.due(calls, since=began)
        value = judging.amplification(during, playing.arrivals(load.prefix), deepest)
        return at_most(f"{self.what}: requests at the deepest for each", value, self.most, "x")


_OUTAGES = (_Outage(1, 50, 1.10), _Outage(1, 2, 1.10), _Outage(3, 50, 1.15), _Outage(3, 2, 1.15))
SCENARIOS = tuple(Scenario(each.name, each.what, each.play) for each in _OUTAGES)
