"""Worlds made up by chance: what must hold in every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from benchmarks.simulation.server import Fault, Server
from benchmarks.simulation.world import World, failed, twice
from discovery.model import Outcome

_KINDS = ("error", "unavailable", "refuse", "hang", "slow", "404", "drop", "drain")

# Faults come and go in the first part, then all is well, and the end is looked at alone.
_FAULTY, _CALM, _END = 20.0, 55.0, 60.0

_TIMEOUT_S = 6.0


def play(seed: int, *, traced: bool = False) -> tuple[World, Sequence[str]]:
    """Run one world; return it with a sentence for all that went wrong."""
    rng = Random(seed)
    world = World(seed, traced=traced)
    servers = world.serve(
        rng.randint(2, 6),
        [],
        work_s=rng.choice((0.005, 0.02, 0.05)),
        workers=8,
        admits=rng.choice((None, 16)),
    )
    # One is never at fault, so that there is somebody to go to.
    for server in servers[1:]:
        server.faults = _faults(rng)
    clients = world.clients_of(servers, rng.randint(1, 4))
    for client in clients:
        world.arrive(client, rng.choice((1.0, 5.0, 20.0)), 0.0, _END, posts=0.3, timeout_s=_TIMEOUT_S)
    if len(servers) > 2 and rng.random() < 0.5:
        _come_and_go(world, servers, rng)
    world.loop.run(_END + 4 * _TIMEOUT_S)
    return world, list(_wrong(world))


def _faults(rng: Random) -> Sequence[Fault]:
    faults = []
    for _ in range(rng.randint(0, 2)):
        kind, since = rng.choice(_KINDS), rng.uniform(0.0, _FAULTY)
        share = rng.uniform(2.0, 20.0) if kind == "slow" else rng.choice((1.0, 1.0, 0.5, 0.2))
        faults.append(Fault(kind, since, min(since + rng.uniform(1.0, 15.0), _FAULTY), share))
    return faults


def _come_and_go(world: World, servers: Sequence[Server], rng: Random) -> None:
    gone, back = sorted(rng.uniform(2.0, _FAULTY) for _ in range(2))
    for client in world.clients:
        world.loop.at(gone, partial(client.replace, servers[:-1]))
        world.loop.at(back, partial(client.replace, servers))


def _wrong(world: World) -> Sequence[str]:
    wrong = []
    done, clients = world.done, world.clients
    if (count := twice(world.servers, done)) > 0:
        wrong.append(f"{count} calls that may not be repeated were processed twice")
    if (longest := max(each.took_s for each in done)) > _TIMEOUT_S + 0.01:
        wrong.append(f"a call took {longest:.2f} s of {_TIMEOUT_S}")
    if any(client.under_way for client in clients):
        wrong.append("calls never ended")
    repeatable = [each for each in done if each.repeatable]
    if (count := failed(repeatable)) > 5 + 0.01 * len(repeatable):
        wrong.append(f"{count} of {len(repeatable)} repeatable calls failed beside one who was always well")
    late = [each for each in done if each.began_at >= _CALM]
    if (count := failed(late)) > 0:
        wrong.append(f"{count} of {len(late)} calls fail long after the last fault")
    for client in clients:
        paid = sum(client.repeats.values()) - client.repeats[Outcome.UNSENT] - client.repeats[Outcome.NACKED]
        allowed = 0.08 * len(client.done) + 10 + 1.0 * (_END + 4 * _TIMEOUT_S)
        if paid > allowed:
            wrong.append(f"{client.name} repeated {paid} of {len(client.done)} calls")
    return wrong
