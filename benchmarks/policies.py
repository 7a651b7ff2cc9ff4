"""What the policies do under faults and at load, in virtual time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import mean

from benchmarks.simulation import balancers, worlds
from benchmarks.simulation.scenarios import SCENARIOS, Figure
from launcher.development import Report, Row

_SEEDS, _QUICK_SEEDS = 40, 3
_WORLDS, _QUICK_WORLDS = 1000, 50
_LOADS = (0.5, 0.75, 0.9)


def run(*, quick: bool) -> Report:
    """Run every scenario with many seeds, worlds made up by chance, and every balancer at three loads."""
    seeds, count = (_QUICK_SEEDS, _QUICK_WORLDS) if quick else (_SEEDS, _WORLDS)
    with ProcessPoolExecutor() as pool:
        rows = [row for name, figures in _scenarios(pool, seeds).items() for row in _rows(name, figures)]
        wrong = sum(pool.map(_wrong, range(count), chunksize=10))
        rows.append(Row(f"of {count} worlds by chance, those where something is wrong", wrong, "", "0", wrong == 0))
        rows += [row for some in pool.map(_balancer, *zip(*_compared(), strict=True)) for row in some]
    return Report(
        name="policies", rows=rows, load=f"{seeds} seeds a scenario; 20 clients of 12 unequal servers", seed=0
    )


def _scenarios(pool: ProcessPoolExecutor, seeds: int) -> Mapping[str, Sequence[Sequence[Figure]]]:
    names = [name for name in SCENARIOS for _ in range(seeds)]
    played = list(pool.map(_scenario, names, list(range(seeds)) * len(SCENARIOS)))
    return {name: played[number * seeds : (number + 1) * seeds] for number, name in enumerate(SCENARIOS)}


def _scenario(name: str, seed: int) -> Sequence[Figure]:
    return SCENARIOS[name](seed)


def _rows(name: str, played: Sequence[Sequence[Figure]]) -> Sequence[Row]:
    rows = []
    for same in zip(*played, strict=True):
        first, value = same[0], mean(figure.value for figure in same)
        reach = f"{'>=' if first.at_least else '<='} {first.limit:g}"
        rows.append(Row(f"{name}: {first.what}", round(value, 4), "", reach, first.met(value)))
    return rows


def _wrong(seed: int) -> bool:
    return bool(worlds.play(seed)[1])


def _compared() -> Sequence[tuple[str, float]]:
    return [(name, load) for load in _LOADS for name in balancers.BALANCERS]


def _balancer(name: str, load: float) -> Sequence[Row]:
    took = balancers.compare(name, load, seed=1)
    return [
        Row(f"{name} at {load:.0%} load: {part:g}th percentile", round(seconds * 1000, 1), "ms")
        for part, seconds in took.items()
    ]
