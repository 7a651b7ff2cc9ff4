"""Clients, servers and the calls between them, made with few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.simulation.client import Client, Done
from benchmarks.simulation.endpoint import Rules
from benchmarks.simulation.loop import Loop
from benchmarks.simulation.server import Fault, Server
from discovery.model import Instance


class World:
    """One service: ``clients`` call ``servers``."""

    def __init__(self, seed: int, *, traced: bool = False) -> None:
        self.loop = Loop(seed, traced=traced)
        self.servers: list[Server] = []
        self.clients: list[Client] = []

    def serve(self, count: int, faults: Sequence[Sequence[Fault]] = (), **how: Any) -> list[Server]:
        """Add servers; the first ones have *faults*, the others none."""
        first = len(self.servers)
        more = [
            Server(
                self.loop,
                Instance(id=f"s{first + number}", service="it", host="10.0.0.1", port=first + number),
                faults=faults[number] if number < len(faults) else (),
                **how,
            )
            for number in range(count)
        ]
        self.servers += more
        return more

    def clients_of(
        self,
        servers: Sequence[Server],
        count: int = 1,
        rules: Rules | None = None,
        weights: Sequence[float] | None = None,
    ) -> list[Client]:
        """Add clients."""
        more = [Client(self.loop, f"c{len(self.clients) + number}", servers, rules, weights) for number in range(count)]
        self.clients += more
        return more

    def arrive(
        self, client: Client, rate: float, since: float, until: float, *, posts: float = 0.0, timeout_s: float = 15.0
    ) -> None:
        """Let calls arrive at random, at *rate* a second, of which *posts* may not be repeated."""
        loop, rng = self.loop, self.loop.rng

        def arrival() -> None:
            if loop.now < until:
                client.call(repeatable=posts == 0 or rng.random() >= posts, timeout_s=timeout_s)
                loop.after(rng.expovariate(rate), arrival)

        loop.at(since + rng.expovariate(rate), arrival)

    @property
    def done(self) -> list[Done]:
        """All calls that are over."""
        return [done for client in self.clients for done in client.done]


def failed(done: Sequence[Done], which: Callable[[Done], bool] = lambda _: True) -> int:
    """How many calls did not go well."""
    return sum(not each.well for each in done if which(each))


def share(done: Sequence[Done], server: str, since: float, until: float) -> float:
    """Which part of the requests of the calls that began in this time went to *server*."""
    sent = Counter(name for each in done if since <= each.began_at < until for name in each.sent)
    return sent[server] / max(sent.total(), 1)


def percentile(done: Sequence[Done], part: float, since: float = 0.0, until: float = 1e9) -> float:
    """How long calls took that began in this time, in seconds."""
    took = sorted(each.took_s for each in done if since <= each.began_at < until)
    return took[min(int(len(took) * part), len(took) - 1)] if took else 0.0


def twice(servers: Sequence[Server], done: Sequence[Done]) -> int:
    """How many calls that may not be repeated were processed more than once."""
    executed: Counter[str] = Counter()
    for server in servers:
        executed.update(server.served.executed)
    posts = {each.name for each in done if not each.repeatable}
    return sum(executed[name] > 1 for name in posts)
