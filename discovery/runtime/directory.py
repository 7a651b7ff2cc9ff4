"""What one process knows about one service: the view, who may be chosen, and how loaded each one is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from types import TracebackType
from typing import Self

from discovery.errors import FilterRejected
from discovery.model import Followed, Health, Target, View
from discovery.observer import ViewChanged
from discovery.policy.balancer import Balancer, BalancerPicker, Picker
from discovery.policy.budget import RetryBudget
from discovery.policy.concurrency import part
from discovery.policy.health import fitness, fittest, worst
from discovery.policy.membership import compare
from discovery.policy.picker import WeightedPicker
from discovery.policy.routes import Route
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.line import Line
from discovery.runtime.outliers import Outliers
from discovery.runtime.plan import Plan
from discovery.runtime.room import Room
from discovery.runtime.settings import Settings
from discovery.runtime.succession import succession
from discovery.runtime.surroundings import Surroundings


class Directory:
    """Follows nobody by itself: a watcher calls :meth:`replace`, calls read :attr:`plan`.

    Whoever goes on needing it stays in its block meanwhile: ``with directory:``. Elsewhere it is kept as long as there
    is anybody to call, and then for a while.
    """

    def __init__(self, target: Target, balancer: Balancer | None, settings: Settings, around: Surroundings) -> None:
        self.target = target
        self.view: View | None = None
        self.trouble: Exception | None = None  # why the last read failed, while it does
        self.budget = RetryBudget()
        self.room = Room(around.clock)
        self._outliers = Outliers(target, around)
        self._balancer = balancer
        self._settings = settings
        self._clock = around.clock
        self._rng = around.rng
        self._observer = around.observer
        self._endpoints: Sequence[Endpoint] = ()
        self._last_resort: tuple[Endpoint, ...] = ()
        self._gone: list[Endpoint] = []
        self._suspects: frozenset[str] = frozenset()
        self._suspects_until = inf
        self._failing_since: float | None = None
        self._news = asyncio.Event()
        self._users = 0
        self._used_at = self._clock.now()
        self._nobody_confirmed_at: float | None = None  # when the registry first said so, while it does
        self.plan: Plan
        self.routes: Sequence[tuple[Route, Plan]] = ()
        self.compile(self._used_at)

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
        if self.refused_filter and not self._users:
            return self._used_at
        if self._users or self.room.taken or self.trouble is not None or self._nobody_confirmed_at is None:
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
        now, before, bar = self._clock.now(), self._endpoints, self._settings.barred
        came = now if old is not None and old.instances else -inf
        self._endpoints, left = succession(before, bar.past(self.target, view.instances), self._outliers.newcomer, came)
        if old is not None and not change and not suspects:
            return
        self._outliers.left(left, now)
        self._gone.extend(one for one in (left if before else self._last_resort) if one.line is not None)
        self.compile(now)
        self._wake()
        outside = bar.outside(change.moved)
        self._observer.notify(ViewChanged(view, change.added, change.removed, change.changed, change.nowhere, outside))

    def failed(self, error: Exception) -> None:
        """Note that the registry could not be read; the last view stays in use, as old as it gets."""
        self.trouble = error
        if self._failing_since is None:
            self._failing_since = self._clock.now()
        if self.view is None:
            self._wake()  # whoever waits for somebody may wait in vain

    @property
    def refused_filter(self) -> bool:
        """Whether the registry cannot read the target's filter, so that nobody was ever known and nobody will be."""
        return self.view is None and isinstance(self.trouble, FilterRejected)

    def followed(self, now: float) -> Followed:
        """How well we are informed, and how many retries are left."""
        return Followed(
            self.target,
            None if self.view is None else self.view.age(now),
            0.0 if self._failing_since is None else now - self._failing_since,
            self.budget.balance(now),
            self.room.taken,
        )

    def compile(self, now: float) -> None:
        """Make the plan anew: the view, the settings, or who is out, is another than before."""
        if now >= self._suspects_until:
            self._suspects, self._suspects_until = frozenset(), inf
        judged = [each.fitness for each in self._endpoints]
        if self._suspects:
            judged = [fitness(each.instance, trusted=each.instance.id in self._suspects) for each in self._endpoints]
        among = chosen = fittest(self._endpoints, judged)
        if among:
            self._last_resort = among
        elif not self._endpoints:
            # Who just left may still be there, and will say so if not; the registry knows nobody better.
            among = self._last_resort
        field = self._outliers.field(among, now)
        rules, routes = self._settings.of(self.target.service)
        weights = [endpoint.weight for endpoint in field.within]
        weight = sum(weights)
        self.plan = Plan(
            field.within,
            self._picker(field.within, now) if field.within else None,
            rules,
            worst([each.instance for each in chosen]) if chosen or not among else Health.CRITICAL,
            len(among) - len(field.within),
            field.due,
            min(field.look_again_at, self._suspects_until),
            weight,
            part(rules.concurrency, min(weights), weight) if weights else 0,
        ).by(rules)
        self.routes = [(route, self.plan.by(said)) for route, said in routes]
        self.room.resize(rules.concurrency)

    def plan_for(self, method: str, path: str) -> Plan:
        """The plan of the route that a call falls under."""
        return next((plan for route, plan in self.routes if route.covers(method, path)), self.plan)

    def _picker(self, candidates: Sequence[Endpoint], now: float) -> Picker[Endpoint]:
        if self._balancer is not None:
            return BalancerPicker(self._balancer, candidates)
        return WeightedPicker(candidates, now, self._settings.zone)

    def probe(self, now: float, *, repeatable: bool) -> Endpoint | None:
        """Somebody who is out for failing, and whom a call may ask how it is now, if there is anybody."""
        return self._outliers.probe(self.plan.due, now, repeatable=repeatable)

    def heard(self, endpoint: Endpoint, works: bool | None, now: float, *, probe: bool, why: str) -> None:
        """Note what an attempt says of its instance; ``None`` when it says nothing."""
        was_out = endpoint.standing.out_until is not None
        if self._outliers.heard(endpoint, works, now, probe=probe, why=why):
            if was_out:
                self.look_again(now)
            else:
                self.compile(now)

    def look_again(self, now: float) -> None:
        """Take into the plan who waits for a probe now; all of it is made anew only where others may be chosen."""
        if now >= self._suspects_until or self._outliers.anybody_back:
            self.compile(now)
            return
        due, look_again_at = self._outliers.waiting(now)
        self.plan = replace(self.plan, due=due, look_again_at=min(look_again_at, self._suspects_until))

    def refused(self, endpoint: Endpoint, now: float) -> None:
        """Note that somebody is not there, or is about to go: one who left is no last resort any more."""
        if not self._endpoints and endpoint in self._last_resort:
            self._last_resort = tuple(one for one in self._last_resort if one != endpoint)
            if endpoint not in self._gone:
                self._gone.append(endpoint)
            self.compile(now)

    def retired(self) -> list[Line]:
        """The lines of those that left and have nothing under way any more, for whoever closes them; told once."""
        if not self._gone:
            return []
        needed = {one.line for one in self._last_resort}
        idle = [one for one in self._gone if not one.is_in_use and one.line not in needed]
        self._gone = [one for one in self._gone if one.is_in_use or one.line in needed]
        return [one.line for one in idle if one.line is not None]

    def lines(self) -> list[Line]:
        """The lines of all instances, for whoever closes everything."""
        everybody = (*self._endpoints, *self._last_resort, *self._gone)
        return list(dict.fromkeys(one.line for one in everybody if one.line is not None))

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def pick(self, now: float) -> Endpoint | None:
        """Choose somebody who may be asked."""
        if now >= self.plan.look_again_at:
            self.look_again(now)
        return self.plan.picker.pick(now, self._rng) if self.plan.picker else None

    async def somebody(self, limit_s: float) -> Endpoint | None:
        """Wait up to *limit_s* for somebody to choose."""
        if limit_s > 0:
            with suppress(TimeoutError):
                async with self._clock.timeout(limit_s):
                    while (endpoint := self.pick(self._clock.now())) is None and not self.refused_filter:
                        await self._news.wait()
                    return endpoint
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
