"""One of three is killed with SIGKILL, again and again, and started again at the same place."""

from __future__ import annotations

from benchmarks.chaos import judging
from benchmarks.chaos.behaviour import Behaviour, Fault
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.record import GET, POST
from benchmarks.chaos.stage import Stage, none
from launcher.development import Row

_ROUNDS, _QUICK_ROUNDS = 10, 2
# As long as a killed instance takes to be noticed where only traffic tells.
_DEAD_S = 2.0
_P99_MS = 250.0
# All are as slow as that, so that several requests are under way at each kill.
_BUSY = Behaviour(Fault.SLOW)


async def _play(stage: Stage) -> list[Row]:
    playing = await stage.whole()
    rounds = _QUICK_ROUNDS if stage.quick else _ROUNDS
    kills = []
    for peer in playing.peers:
        await peer.behave(_BUSY)
    async with playing.sending(stage.steady(playing, "kill")) as run:
        await stage.pause(8, 4)
        for number in range(rounds):
            peer = playing.peers[number % len(playing.peers)]
            kills.append(await peer.kill())
            await stage.clock.sleep(_DEAD_S)
            await peer.start()
            await peer.behave(_BUSY)
            await stage.clock.sleep(_DEAD_S)
        calls = await run.stop()
    held = [call for kill in kills for call in judging.due(calls, kill.at - 1, kill.at + _DEAD_S)]
    normal_ms = judging.p99_ms(judging.normal(calls, until=kills[0].at - 1))
    p99_ms, most_ms = judging.p99_ms(held), round(min(2 * normal_ms, _P99_MS), 1)
    what = "one of three killed"
    posts = sum(call.method == POST for call in calls)
    return [
        none(f"{what}: repeatable calls failed", len(judging.failed(calls)), sum(c.method == GET for c in calls)),
        Row(
            f"{what}: p99 from a second before to two after",
            p99_ms,
            "ms",
            f"<= {most_ms:g} ms (twice as before, at most {_P99_MS:g})",
            p99_ms <= most_ms,
        ),
        Row(
            f"{what}: POSTs failed",
            len(judging.failed(calls, POST)),
            f"of {posts}",
            "those under way at a kill, at most",
            not judging.not_under_way(calls, kills),
        ),
        none(f"{what}: POSTs failed and not told as unknown", len(judging.told_otherwise(calls)), posts),
    ]


SCENARIOS = (Scenario("kill", f"one of three is killed with SIGKILL, {_ROUNDS} times", _play),)
