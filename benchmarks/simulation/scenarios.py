"""What is to hold under each fault, as figures with a limit. Each scenario is a function of a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.simulation.client import Client
from benchmarks.simulation.endpoint import Endpoint, Rules
from benchmarks.simulation.server import Fault, Server
from benchmarks.simulation.world import World, failed, percentile, share, twice
from discovery.policy.balancer import Picker
from discovery.policy.picker import WeightedPicker

# Three instances, 100 calls a second, of which three in ten may not be repeated; broken from the fifth second on.
_RATE = 100.0
_SINCE, _UNTIL, _END = 5.0, 25.0, 30.0
_POSTS = 0.3


@dataclass(frozen=True, slots=True)
class Figure:
    """One value, and what it must not exceed (or, with ``at_least``, fall short of) on average over the seeds.

    A limit of a count must be kept by every seed; a share of some seconds is a matter of chance in each.
    """

    what: str
    value: float
    limit: float
    at_least: bool = False

    def met(self, value: float) -> bool:
        """Whether *value* keeps the limit."""
        return value >= self.limit if self.at_least else value <= self.limit


Scenario = Callable[[int], Sequence[Figure]]


def _three(seed: int, faults: Sequence[Sequence[Fault]], *, posts: float = _POSTS, until: float = _END) -> World:
    world = World(seed)
    world.clients_of(world.serve(3, faults, work_s=0.005, workers=16))
    world.arrive(world.clients[0], _RATE, 0.0, until, posts=posts)
    world.loop.run(until + 20.0)
    return world


def _broken(kind: str, count: int, seed: int, *, posts: float = _POSTS) -> Sequence[Figure]:
    world = _three(seed, [[Fault(kind, _SINCE, _UNTIL)]] * count, posts=posts)
    sent = [
        sum(
            server.instance.id in each.sent
            for each in world.done
            if not each.repeatable and _SINCE <= each.began_at < _UNTIL
        )
        for server in world.servers[:count]
    ]
    return [
        Figure("repeatable calls that failed", failed(world.done, lambda each: each.repeatable), 0),
        Figure("POSTs to one broken instance", max(sent), 5),
        Figure("POSTs processed twice", twice(world.servers, world.done), 0),
    ]


def _partly(errors: float, within_s: float, seed: int) -> Sequence[Figure]:
    world = _three(seed, [[Fault("error", _SINCE, _UNTIL, errors)]])
    return [Figure("its share", share(world.done, "s0", _SINCE + within_s, _UNTIL), 0.01)]


def _avoided(kind: str, much: float, limit: float, seed: int) -> Sequence[Figure]:
    world = _three(seed, [[Fault(kind, _SINCE, _UNTIL, much)]])
    return [Figure("its share", share(world.done, "s0", _SINCE + 2.0, _UNTIL), limit)]


def noise(seed: int) -> Sequence[Figure]:
    """Each call fails once in 200; that is nobody's fault."""
    world = _three(seed, [[Fault("error", share=0.005)]] * 3, posts=0.0, until=100.0)
    return [
        Figure("calls that failed", failed(world.done), 0),
        # Once in two million calls by arithmetic; these are too few to see more than that it is seldom.
        Figure("ejections in 100,000 calls", len(world.clients[0].ejections) / len(world.done) * 1e5, 1.0),
        Figure("the largest share", max(share(world.done, f"s{number}", 0, 1e9) for number in range(3)), 0.37),
    ]


def everywhere(seed: int) -> Sequence[Figure]:
    """A fifth of the calls fails wherever it goes; who would be left to go to?"""
    world = _three(seed, [[Fault("error", share=0.2)]] * 3, until=60.0)
    return [Figure("ejections a call", len(world.clients[0].ejections) / len(world.done), 0.001)]


def repaired(seed: int) -> Sequence[Figure]:
    """One of three is well again after ten seconds."""
    until = _SINCE + 10.0
    world = _three(seed, [[Fault("unavailable", _SINCE, until)]], until=60.0)
    back = next(at for at, _, well in world.clients[0].probes if well)
    return [
        Figure("seconds to the successful probe", back - until, 8 * 1.25 + 1.0),
        Figure("its part of an even share", 3 * share(world.done, "s0", back + 10.0, back + 30.0), 0.8, at_least=True),
    ]


def _outage(hops: int, rate: float, limit: float, seed: int) -> Sequence[Figure]:
    world = World(seed)
    deepest = world.serve(3, [[Fault("unavailable", 20.0, 50.0)]] * 3, work_s=0.005)
    callee: Sequence[Server] = deepest
    for _ in range(hops - 1):
        clients = [world.clients_of(callee)[0] for _ in range(2)]
        callee = [world.serve(1, work_s=0.005, downstream=client)[0] for client in clients]
    caller = world.clients_of(callee)[0]
    world.arrive(caller, rate, 0.0, 70.0)
    counts = []
    for moment in (20.0, 50.0):
        world.loop.run(moment)
        counts.append((sum(server.served.requests for server in deepest), len(caller.done)))
    world.loop.run(100.0)
    (sent, calls), (sent_then, calls_then) = counts
    return [
        Figure("requests at the deepest for each call", (sent_then - sent) / (calls_then - calls), limit),
        Figure("calls that failed 2 s later", failed(caller.done, lambda each: each.began_at >= 52.0), 0),
    ]


def overload(seed: int) -> Sequence[Figure]:
    """Three times what the servers can do, for 20 s; they refuse what they have no room for."""
    world = World(seed)
    # 4 at once, 100 ms each: 120 calls a second. As many may queue.
    world.clients_of(world.serve(3, work_s=0.1, workers=4, admits=8, spread=False), 5)
    for client in world.clients:
        for rate, since, until in ((90, 0, 20), (360, 20, 40), (90, 40, 70)):
            world.arrive(client, rate / 5, since, until, timeout_s=2.0)
    world.loop.run(80.0)
    answered = sum(each.well and 22 <= each.began_at + each.took_s < 40 for each in world.done)
    later = [each for each in world.done if each.began_at >= 50.0]
    return [
        Figure("goodput meanwhile, of the peak", answered / 18 / 120, 0.9, at_least=True),
        Figure("goodput 10 s later, of all", 1 - failed(later) / len(later), 0.95, at_least=True),
    ]


def restarted(seed: int) -> Sequence[Figure]:
    """The only instance is gone for 1.2 s."""
    world = World(seed)
    world.clients_of(world.serve(1, [[Fault("refuse", 5.0, 6.2)]], work_s=0.005, workers=16))
    world.arrive(world.clients[0], 50.0, 0.0, 10.0, posts=0.5)
    world.loop.run(30.0)
    return [
        Figure("calls that failed", failed(world.done), 0),
        Figure("the longest call, in seconds", max(each.took_s for each in world.done), 1.2 + 0.5),
    ]


class _ZonedClient(Client):
    """One in the first zone, where the first half of the servers is."""

    def __init__(self, world: World, servers: Sequence[Server]) -> None:
        def balance(endpoints: Sequence[Endpoint], now: float) -> Picker[Endpoint]:
            for endpoint in endpoints:
                endpoint.zone = "ab"[servers.index(endpoint.server) >= len(servers) // 2]
            return WeightedPicker(endpoints, now, "a")

        super().__init__(world.loop, "zoned", servers, Rules(balance=balance))


def unplugged(seed: int) -> Sequence[Figure]:
    """The caller's own zone stops answering."""
    world = World(seed)
    servers = world.serve(6, [[Fault("hang", _SINCE, _UNTIL)]] * 3, work_s=0.005, workers=16)
    client = _ZonedClient(world, servers)
    world.clients.append(client)
    world.arrive(client, _RATE, 0.0, _END)
    world.loop.run(_END + 20.0)
    before = [each for each in world.done if each.began_at < _SINCE]
    return [
        Figure("calls that failed", failed(world.done), 0),
        Figure("at home before", sum(share(before, f"s{n}", 0, _SINCE) for n in range(3)), 0.99, at_least=True),
        Figure("99th percentile 2 s later, in seconds", percentile(world.done, 0.99, _SINCE + 7.0, _UNTIL), 0.1),
    ]


SCENARIOS: Mapping[str, Scenario] = {
    **{
        f"{('one', 'two')[count - 1]} of three: {kind}": partial(_broken, kind, count)
        for kind in ("unavailable", "error", "hang", "refuse", "drop")
        for count in (1, 2)
    },
    "two of three hang, POSTs only": partial(_broken, "hang", 2, posts=1.0),
    "one of three fails at 50 %": partial(_partly, 0.5, 1.0),
    "one of three fails at 30 %": partial(_partly, 0.3, 3.0),
    "one of three fails at 20 %": partial(_partly, 0.2, 10.0),
    "one of three is ten times as slow": partial(_avoided, "slow", 10.0, 0.05),
    "one of three never answers": partial(_avoided, "hang", 1.0, 0.01),
    "one of three breaks off": partial(_avoided, "drop", 1.0, 0.01),
    "one of three answers 404 at once": partial(_avoided, "404", 1.0, 0.42),
    "noise": noise,
    "a fifth fails everywhere": everywhere,
    "repaired": repaired,
    "total outage, one hop, 50/s": partial(_outage, 1, 50.0, 1.10),
    "total outage, one hop, 2/s": partial(_outage, 1, 2.0, 1.10),
    "total outage, three hops, 50/s": partial(_outage, 3, 50.0, 1.15),
    "total outage, three hops, 10/s": partial(_outage, 3, 10.0, 1.15),
    "total outage, three hops, 2/s": partial(_outage, 3, 2.0, 1.15),
    "three times the load for 20 s": overload,
    "the only instance starts again": restarted,
    "the own zone is unplugged": unplugged,
}
