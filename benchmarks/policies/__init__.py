"""What the policies do under faults and at load, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from statistics import mean, median

from benchmarks.policies.publication import publish
from benchmarks.simulation import balancers, worlds
from benchmarks.simulation.scenarios import SCENARIOS, Figure
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report, Row

_SEEDS, _QUICK_SEEDS = 40, 3
_WORLDS, _QUICK_WORLDS = 1000, 50
# With one seed the slowest call in a thousand is a matter of chance.
_COMPARED, _QUICK_COMPARED = 5, 1
_LOADS = (0.5, 0.75, 0.9)
# A thousand worlds are to be played whenever a policy is changed.
_LIMIT_S = 120.0

Took = Mapping[float, float]


def run(*, quick: bool, words: Sequence[str] = ()) -> Report:
    """Run every scenario with many seeds, worlds made up by chance, and every balancer at three loads."""
    if set(words) - {"--publish"} or (words and quick):
        raise CannotRun("there is --publish, which publishes the whole")
    seeds, count, compared = (_QUICK_SEEDS, _QUICK_WORLDS, _QUICK_COMPARED) if quick else (_SEEDS, _WORLDS, _COMPARED)
    with ProcessPoolExecutor() as pool:
        rows = [row for name, figures in _scenarios(pool, seeds).items() for row in _rows(name, figures)]
        rows += _worlds(pool, count, timed=not quick)
        took = _balancers(pool, compared)
    report = Report(
        name="policies",
        rows=[*rows, *_balancer_rows(took)],
        load=f"{seeds} seeds a scenario; {compared} seeds a balancer, of which the median; 20 clients of 12 unequal "
        f"servers, three of which leave and come back",
        seed=0,
        details={
            "balancers": [
                {"name": name, "load": load, "ms": {f"{part:g}": round(1000 * each, 1) for part, each in parts.items()}}
                for (load, name), parts in took.items()
            ]
        },
    )
    if words:
        publish(report)
    return report


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


def _worlds(pool: ProcessPoolExecutor, count: int, *, timed: bool) -> Iterator[Row]:
    clock = SystemClock()
    began = clock.now()
    wrong = sum(pool.map(_wrong, range(count), chunksize=10))
    took_s = clock.now() - began
    yield Row(f"of {count} worlds by chance, those where something is wrong", wrong, "", "0", wrong == 0)
    what = f"{count} worlds by chance: time"
    if timed:
        yield Row(what, round(took_s, 1), "s", f"<= {_LIMIT_S:g} s", took_s <= _LIMIT_S)


def _wrong(seed: int) -> bool:
    return bool(worlds.play(seed)[1])


def _balancers(pool: ProcessPoolExecutor, seeds: int) -> Mapping[tuple[float, str], Took]:
    """The percentiles of each balancer at each load, in seconds: the median of all seeds."""
    ways = list(product(_LOADS, balancers.BALANCERS))
    played = list(pool.map(_balancer, *zip(*product(ways, range(1, seeds + 1)), strict=True)))
    return {way: _median(played[number * seeds : (number + 1) * seeds]) for number, way in enumerate(ways)}


def _balancer(way: tuple[float, str], seed: int) -> Took:
    load, name = way
    return balancers.compare(name, load, seed=seed)


def _median(played: Sequence[Took]) -> Took:
    return {part: median(one[part] for one in played) for part in played[0]}


def _balancer_rows(took: Mapping[tuple[float, str], Took]) -> Iterator[Row]:
    for (load, name), parts in took.items():
        for part, seconds in parts.items():
            yield Row(f"{name} at {load:.0%} load: {part:g}th percentile", round(seconds * 1000, 1), "ms")
