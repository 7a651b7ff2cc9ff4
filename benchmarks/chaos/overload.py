"""Three times as many calls as three instances bear, for a while: what gets done meanwhile, and what afterwards."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.chaos import judging
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.stage import SERVICE, Stage
from launcher.development import Row

_INSTANCES, _SLOTS, _WORK_S, _TIMEOUT_S = 3, 4, 0.1, 2.0
_BEARABLE = _INSTANCES * _SLOTS / _WORK_S
_CALM, _OVER, _AFTER = _BEARABLE / 2, _BEARABLE * 3, _BEARABLE * 0.75
_DURING_REACH, _AFTER_REACH = 90.0, 95.0
# So long it may take until all is as before.
_RECOVERY_S = 10.0


def _scenario(limit: str, how: str) -> Scenario[Stage]:
    what = f"3x overload, {how}"

    async def play(stage: Stage) -> list[Row]:
        calm_s, over_s, watched_s = stage.seconds(8, 4), stage.seconds(20, 8), stage.seconds(15, 5)
        async with stage.field() as playing:
            for number in range(1, _INSTANCES + 1):
                plan = stage.plan(playing, SERVICE, number, work_s=_WORK_S, slots=_SLOTS)
                await playing.add(plan, MESH_LIMIT=limit)
            load = replace(
                stage.steady(playing, f"overload-{limit}"),
                phases=((_CALM, calm_s), (_OVER, over_s), (_AFTER, _RECOVERY_S + watched_s)),
                timeout_s=_TIMEOUT_S,
            )
            async with playing.sending(load) as run:
                calls = await run.over()
        began = min(call.due_at for call in calls)
        struck, over = began + calm_s, began + calm_s + over_s
        peak = judging.capacity(judging.due(calls, until=struck), _INSTANCES * _SLOTS)
        # From a second after the strike on: the queues fill first.
        during = round(100 * judging.goodput(calls, struck + 1, over) / peak, 1)
        later = judging.due(calls, since=over + _RECOVERY_S)
        after = round(100 * sum(call.well for call in later) / len(later), 1)
        return [
            Row(
                f"{what}: goodput during",
                during,
                f"% of {peak:.0f}/s",
                f">= {_DURING_REACH:g} %",
                during >= _DURING_REACH,
            ),
            Row(
                f"{what}: answered well from {_RECOVERY_S:g} s after on, at {_AFTER:g}/s",
                after,
                "%",
                f">= {_AFTER_REACH:g} %",
                after >= _AFTER_REACH,
            ),
        ]

    return Scenario(f"overload-{limit}", what, play)


SCENARIOS = (_scenario("4", "limit of 4 an instance"), _scenario("adaptive", "adaptive limit"))
