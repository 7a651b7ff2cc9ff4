"""Whom a call goes to, where that takes more than a pick: nobody is there, or as many are under way as may be.

A call that waits here was not sent. Its patience holds for all that it waits for: somebody to be there, and its turn.
"""

from __future__ import annotations

from typing import cast

from discovery.call_errors import Overflow, StaleView
from discovery.policy.balancer import Picker
from discovery.policy.deadline import remaining
from discovery.runtime.directories import Directories
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.flight import Flight
from discovery.runtime.staleness import staleness
from discovery.runtime.surroundings import Surroundings


class Chooser:
    """For the calls of one mesh. Who is chosen is to be sent to at once, or the room may be somebody else's."""

    def __init__(self, directories: Directories, around: Surroundings) -> None:
        self._directories = directories
        self._clock = around.clock
        self._rng = around.rng

    async def first(self, flight: Flight) -> tuple[Endpoint, bool]:
        """Whom it goes to first, and whether that is a probe.

        Raises:
            NoInstances: when nobody came in time.
            StaleView: when the registry has been silent for longer than it allows.
            Overflow: when its turn did not come.
        """
        directory = flight.directory
        room = directory.room
        if directory.trouble is not None:
            flight.looked_up(self._clock.now())
        with directory:
            while True:
                self._refuse_stale(flight)  # also what came while it waited, which may be a snapshot
                if room.taken >= room.bound:
                    await self._turn(flight)
                chosen = self._pick(flight)
                if chosen is not None:
                    return chosen
                room.admit()  # it does not go now: whoever waits behind it may
                await self._somebody(flight)

    async def other(self, flight: Flight) -> Endpoint:
        """Somebody whom it has not tried, or whoever there is.

        Raises:
            Overflow: when its turn did not come in time.
        """
        room = flight.directory.room
        if room.taken >= room.bound:
            await self._turn(flight)
        now = self._clock.now()
        flight.plan = plan = flight.directory.plan
        picker = _picker(flight)
        if picker is None:
            return cast(Endpoint, flight.last_endpoint)
        if room.taken >= plan.calm_below:
            avoided = flight.tried.union(one for one in plan.candidates if plan.full(one))
            if (roomy := picker.pick_other(now, self._rng, avoided)) is not None:
                return roomy
        return picker.pick_other(now, self._rng, flight.tried) or picker.pick(now, self._rng)

    def probed(self, flight: Flight, now: float) -> Endpoint | None:
        """Somebody who is out for failing, and whom this call may ask how it is now, if there is anybody.

        That may be in vain, so it is for a call that can go elsewhere afterwards.
        """
        request, rules, left = flight.request, flight.rules, remaining(flight.deadline_at, now)
        if left == 0:
            return None
        bears = request.repeatable and request.replayable and rules.attempts > 1
        return flight.directory.probe(now, repeatable=bears and (left is None or left > rules.attempt_timeout_s))

    def _refuse_stale(self, flight: Flight) -> None:
        directory, limit_s = flight.directory, flight.rules.max_staleness_s
        if limit_s is not None and (stale_s := staleness(directory, self._clock.now())) > limit_s:
            raise StaleView(directory.target, stale_s, limit_s, str(directory.trouble or "")) from directory.trouble

    def _pick(self, flight: Flight) -> tuple[Endpoint, bool] | None:
        now, directory = self._clock.now(), flight.directory
        if now >= directory.plan.look_again_at:
            directory.look_again(now)
        flight.plan = plan = directory.plan
        picker = _picker(flight)
        if picker is None:
            return None
        if plan.due:
            probed = self.probed(flight, now)
            if probed is not None:
                return probed, True
        endpoint = picker.pick(now, self._rng)
        if plan.full(endpoint):
            full = {one for one in plan.candidates if plan.full(one)}
            endpoint = picker.pick_other(now, self._rng, full) or endpoint
        return endpoint, False

    async def _somebody(self, flight: Flight) -> None:
        began_at = self._clock.now()
        try:
            await self._directories.somebody(flight.directory, self._patience_s(flight), flight.deadline_at)
        finally:
            now = self._clock.now()
            flight.looked_up(now, now - began_at)

    async def _turn(self, flight: Flight) -> None:
        """Wait for a turn. The room is counted as taken again when the attempt goes out, and nothing comes between."""
        room, began_at = flight.directory.room, self._clock.now()
        left_s = remaining(flight.deadline_at, began_at)
        patience_s = self._patience_s(flight)
        came = False
        try:
            came = await room.turn(patience_s if left_s is None else min(patience_s, left_s))
        finally:
            queued_s = self._clock.now() - began_at
            flight.queued(queued_s)
        if not came:
            raise Overflow(flight.directory.target, room.taken, queued_s)
        room.taken -= 1

    def _patience_s(self, flight: Flight) -> float:
        return max(flight.began_at + flight.rules.patience_s - self._clock.now(), 0.0)


def _picker(flight: Flight) -> Picker[Endpoint] | None:
    picker = flight.plan.picker
    return picker.by_count() if picker is not None and flight.request.lasts else picker
