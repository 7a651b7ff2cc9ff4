"""What one process knows about one service: the view, who may be chosen, and how loaded each one is."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from yarl import URL

from discovery.model import Followed, Health, Instance, Place, Target, View
from discovery.observer import ViewChanged
from discovery.policy.balancer import Balancer
from discovery.policy.budget import RetryBudget
from discovery.policy.health import eligible, weight_of, worst
from discovery.policy.load import PeakEwma
from discovery.policy.membership import compare
from discovery.runtime.identity import boot_of
from discovery.runtime.surroundings import Surroundings

# Joining a URL costs as much as choosing an instance, and a service has few paths that are asked often.
_URLS_KEPT = 256


class Endpoint:
    """An instance as a balancer's candidate: its load survives every update that does not replace the process."""

    __slots__ = ("_origin", "_urls", "_weight", "instance", "load")

    def __init__(self, instance: Instance, load: PeakEwma) -> None:
        self.instance = instance
        self.load = load
        self._weight = weight_of(instance)
        self._origin = f"http://{instance.address}"
        self._urls: dict[str, URL] = {}

    def cost(self, now: float, /) -> float:
        return self.load.cost(now) / self._weight

    def url(self, path: str) -> URL:
        """The URL of an encoded path with its query, at this instance."""
        if (url := self._urls.get(path)) is None:
            if len(self._urls) >= _URLS_KEPT:
                self._urls.clear()
            url = self._urls[path] = URL(self._origin + path, encoded=True)
        return url


class Directory:
    """Follows nobody by itself: a watcher calls :meth:`replace`, calls ask :meth:`pick`.

    Whoever goes on needing it stays in its block meanwhile: ``with directory:``. Elsewhere it is kept as long as there
    is anybody to call, and then for a while.
    """

    def __init__(self, target: Target, balancer: Balancer, patience_s: float, around: Surroundings) -> None:
        self.target = target
        self.view: View | None = None
        self.trouble: Exception | None = None  # why the last read failed, while it does
        self.pool = Health.PASSING  # the worst health among those who may be chosen
        self.budget = RetryBudget()
        self._balancer = balancer
        self._clock = around.clock
        self._rng = around.rng
        self._observer = around.observer
        self._patience_s = patience_s
        self._endpoints: dict[Place, Endpoint] = {}
        self._candidates: Sequence[Endpoint] = ()
        self._suspects: frozenset[str] = frozenset()
        self._suspects_until = 0.0
        self._nobody_since: float | None = None
        self._failing_since: float | None = None
        self._news = asyncio.Event()
        self._users = 0
        self._used_at = self._clock.now()
        self._nobody_confirmed_at: float | None = None  # when the registry first said so, while it does

    def __enter__(self) -> Self:
        self._users += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._users -= 1
        self.touch()

    def touch(self) -> None:
        """Somebody looked at it."""
        self._used_at = self._clock.now()

    @property
    def forsaken_since(self) -> float | None:
        """Since when there is nobody, by the registry's word, and nobody who asks; ``None`` when it is not so."""
        if self._users or self.trouble is not None or self._nobody_confirmed_at is None:
            return None
        return max(self._nobody_confirmed_at, self._used_at)

    def replace(self, view: View, suspects: frozenset[str] = frozenset(), suspects_until: float = 0.0) -> None:
        """Take over a complete view; what is known about survivors stays.

        *suspects* turned critical in a crowd: until then they may be chosen as before, since a restarted agent
        shows all its instances as critical until its checks have run.
        """
        old, self.view, self.trouble, self._failing_since = self.view, view, None, None
        if view.instances:
            self._nobody_confirmed_at = None
        elif self._nobody_confirmed_at is None:
            self._nobody_confirmed_at = self._clock.now()
        if suspects:
            self._suspects, self._suspects_until = suspects, suspects_until
        change = compare(old.instances if old else (), view.instances)
        if old is not None and not change and not suspects:
            return
        self._endpoints = {instance.place: self._endpoint(instance) for instance in view.instances}
        self._choose_candidates()
        self._observer.notify(ViewChanged(view, change.added, change.removed, change.changed))
        self._wake()

    def failed(self, error: Exception) -> None:
        """Note that the registry could not be read; the last view stays in use, as old as it gets."""
        self.trouble = error
        if self._failing_since is None:
            self._failing_since = self._clock.now()

    def followed(self, now: float) -> Followed:
        """How well we are informed, and how many retries are left."""
        return Followed(
            self.target,
            None if self.view is None else self.view.age(now),
            0.0 if self._failing_since is None else now - self._failing_since,
            self.budget.balance(now),
        )

    def _endpoint(self, instance: Instance) -> Endpoint:
        known = self._endpoints.get(instance.place)
        if known is None:
            return Endpoint(instance, PeakEwma())
        if known.instance == instance:
            return known
        same_process = known.instance.address == instance.address and boot_of(known.instance) == boot_of(instance)
        return Endpoint(instance, known.load if same_process else PeakEwma())

    def _choose_candidates(self) -> None:
        chosen = eligible([endpoint.instance for endpoint in self._endpoints.values()], trusted=self._suspects)
        self._candidates = tuple(self._endpoints[instance.place] for instance in chosen)
        self.pool = worst(chosen)
        if self._candidates:
            self._nobody_since = None

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def pick(self, now: float, without: Collection[Place] = ()) -> Endpoint | None:
        """Choose somebody who may be asked, not one of *without* while there is anybody else."""
        if self._suspects and now >= self._suspects_until:
            self._suspects = frozenset()
            self._choose_candidates()
        candidates = self._candidates
        if not candidates:
            return None
        if without:
            candidates = [one for one in candidates if one.instance.place not in without] or candidates
        return self._balancer.pick(candidates, now, self._rng)

    def choices(self, without: Collection[Place]) -> int:
        """How many :meth:`pick` chooses between."""
        if not without:
            return len(self._candidates)
        return sum(one.instance.place not in without for one in self._candidates) or len(self._candidates)

    def others(self, without: Collection[Place]) -> bool:
        """Whether anybody may be chosen who is not one of *without*."""
        return any(one.instance.place not in without for one in self._candidates)

    async def somebody(self, limit_s: float | None) -> Endpoint | None:
        """Wait for somebody to choose.

        Patience is counted from the moment at which the first call found nobody: the calls after it do not pile
        up behind a service that is gone, they are told at once.
        """
        now = self._clock.now()
        if self._nobody_since is None:
            self._nobody_since = now
        patience = self._nobody_since + self._patience_s - now
        wait = patience if limit_s is None else min(patience, limit_s)
        if wait > 0:
            try:
                async with self._clock.timeout(wait):
                    while (endpoint := self.pick(self._clock.now())) is None:
                        await self._news.wait()
                    return endpoint
            except TimeoutError:
                pass
        return self.pick(self._clock.now())

    async def changed(self) -> None:
        """Wait for the next view that differs."""
        with self:
            await self._news.wait()

    async def other_than(self, seen: View | None) -> View:
        """The current view, once there is one that differs from *seen*."""
        while (view := self.view) is None or (seen is not None and seen.instances == view.instances):
            await self.changed()
        return view
