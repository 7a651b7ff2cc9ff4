"""PostgreSQL goes away for a minute: what a service that keeps its data there says meanwhile, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, sending
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.postgresql import serving
from launcher.development import Row
from launcher.plan import ROOT

_AWAY_S, _QUICK_AWAY_S, _AROUND_S = 60.0, 5.0, 4.0
_RATE, _BACK_S, _SLOWEST_S = 40.0, 5.0, 5.0


def rows_of(answers: Sequence[Answered], gone: float, back: float) -> list[Row]:
    """The figures, from all answers, and the moments at which the database went and came back."""
    before, away, after = (due(answers, *when) for when in ((0, gone - 1), (gone, back), (back, float("inf"))))
    odd = sum(not (answer.well or answer.status == 503) for answer in away)
    slowest = round(max((answer.ended_at - answer.due_at for answer in away), default=0.0), 2)
    again = round(max((answer.due_at - back for answer in failed(after)), default=0.0), 2)
    lost = len(failed([*before, *due(answers, back + _BACK_S, float("inf"))]))
    who = f"PostgreSQL away for {back - gone:.0f} s"
    return [
        Row(f"{who}: answered neither well nor by 503", odd, f"of {len(away)}", "= 0", odd == 0),
        Row(f"{who}: the longest answer", slowest, "s", f"<= {_SLOWEST_S:g} s", slowest <= _SLOWEST_S),
        Row(f"{who}, then back: the last refusal after", again, "s", f"<= {_BACK_S:g} s", again <= _BACK_S),
        Row(f"{who}: failed before, and after that", lost, f"of {len(answers)}", "= 0", lost == 0),
    ]


async def _play(stage: Stage) -> list[Row]:
    async with serving(stage.clock) as server, stage.system() as system:
        for number in (1, 2):
            await system.start(f"ports-{number}", DATABASE_URL=server.url)
        gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED)
        await system.leads(gateway, "/api/ports/1")
        async with sending(lambda number: _ask(gateway, number), _RATE, stage.clock) as stop:
            await stage.clock.sleep(_AROUND_S)
            gone = stage.clock.now()
            await server.end()
            await stage.pause(_AWAY_S, _QUICK_AWAY_S)
            await server.start()
            back = stage.clock.now()
            await stage.clock.sleep(_BACK_S + _AROUND_S)
            answers = await stop()
    return rows_of(answers, gone, back)


def _ask(gateway: Process, number: int) -> Asked:
    """Every fourth is a write."""
    if number % 4:
        return Asked("GET", f"{gateway.url}/api/ports/1")
    port = {"name": f"Port {number}", "laptop": 1}
    return Asked("POST", f"{gateway.url}/api/ports", document=port, expected=(201,))


SCENARIOS = (Scenario("postgresql", "PostgreSQL goes away for a minute", _play),)
