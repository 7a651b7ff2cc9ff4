"""Following the registry: one loop for everything that is read by blocking queries.

The loop obeys Consul's rules for clients (its documentation of blocking queries): an index that goes backwards
starts over, zero is never waited on, wake-ups are limited by a token bucket, and a query under way is never cancelled
to refresh it. While the registry is away, all who follow it wait for it together (``reach``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol, TypeVar

from discovery.errors import RegistryError, RegistryUnavailable
from discovery.model import Instance, Source, View
from discovery.observer import AnswerDoubted, WatchFailed, WatchRecovered
from discovery.policy.backoff import REGISTRY
from discovery.policy.crowd import WINDOW_S, Crowd
from discovery.policy.membership import doubt
from discovery.policy.recovery import Asker
from discovery.policy.watch import Cursor, Pace, wait_s
from discovery.registry.port import Answer, Lookup
from discovery.runtime.directory import Directory
from discovery.runtime.reach import Reach
from discovery.runtime.snapshots import Snapshots
from discovery.runtime.surroundings import Surroundings

# Two runs of a check at its default interval: by then a restarted agent has asked every instance.
SUSPICION_S = 10.0
_NAMED = 8


class Indexed(Protocol):
    """An answer with the index that the next read waits on."""

    @property
    def index(self) -> int: ...


A = TypeVar("A", bound=Indexed)


async def follow(
    what: str,
    read: Callable[[int], Awaitable[A]],
    accept: Callable[[A], None],
    around: Surroundings,
    reach: Reach,
) -> NoReturn:
    """Read, accept, and read on from there, until cancelled; after a failure and a pause, afresh."""
    cursor, pace, asker, failed_at = Cursor(), Pace(), Asker(REGISTRY), 0.0
    while True:
        await around.clock.sleep(pace.delay(around.clock.now()))
        await reach.turn()
        try:
            answer = await read(cursor.index)
        except RegistryError as error:
            if not asker.failures:
                failed_at = around.clock.now()
            pause_s = reach.failed(asker, error)
            around.observer.notify(WatchFailed(what, error, pause_s, asker.failures))
            cursor = Cursor()
            await reach.pause(asker, pause_s)
            continue
        if asker.failures:
            around.observer.notify(WatchRecovered(what, asker.failures, around.clock.now() - failed_at))
        reach.answered(asker)
        cursor = cursor.advance(answer.index)
        if cursor.index:  # else it is older than what is known: the fresh read decides
            accept(answer)


async def watch(
    registry: Lookup,
    directory: Directory,
    around: Surroundings,
    reach: Reach,
    snapshots: Snapshots | None = None,
) -> NoReturn:
    """Copy what the registry says about one service into its directory, doubting what is too bad to be true.

    Where it says nothing yet, that begins with what was known before, if *snapshots* are kept.
    """
    target, crowd = directory.target, Crowd()

    async def read(index: int) -> Answer:
        try:
            answer = await registry.instances(target, index=index, wait_s=wait_s(index))
            known = _told(directory)
            believed = known is not None and not known  # "nobody" was confirmed before
            if (reason := doubt(known or (), answer.instances)) and not believed:
                around.observer.notify(AnswerDoubted(target, reason))
                answer = await confirmed(reason)
        except RegistryError as error:
            directory.failed(error)
            raise
        return answer

    def accept(answer: Answer) -> None:
        known = _told(directory) or ()
        now = around.clock.now()
        suspects = crowd.suspects(known, answer.instances, now)
        if suspects and not doubt(known, answer.instances):  # else it was told
            reason = (
                f"turned critical within {WINDOW_S:g} s, one after the other: {', '.join(sorted(suspects)[:_NAMED])}"
            )
            around.observer.notify(AnswerDoubted(target, reason))
        directory.replace(
            View(target=target, instances=answer.instances, index=answer.index, as_of=now, source=answer.source),
            suspects=suspects,
            suspects_until=now + SUSPICION_S,
        )

    async def confirmed(reason: str) -> Answer:
        await reach.turn()
        second = await registry.instances(target, consistent=True)
        if second.trustworthy or second.instances:
            return second
        raise RegistryUnavailable(f"not believed: {reason}, and {second.doubt}")

    what = f"service {target}" + (f" where {target.filter}" if target.filter else "")
    async with asyncio.TaskGroup() as group:
        if snapshots is not None:
            group.create_task(snapshots.recall(directory))
        await follow(what, read, accept, around, reach)


def _told(directory: Directory) -> tuple[Instance, ...] | None:
    """Whom the registry told us of; what a snapshot says is too old to judge an answer by."""
    view = directory.view
    return None if view is None or view.source is Source.SNAPSHOT else view.instances
