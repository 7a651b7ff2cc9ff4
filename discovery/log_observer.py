"""The observer of a process that has no other: what happens to the mesh, as lines of ``logging``.

A service must not be silent about a token that is dead. Changes of state are told, calls are not, so it costs a call
nothing. What goes wrong is a warning, which Python writes to the standard error where nobody has set up a log; and so
is its end, since whoever read of the beginning waits for it. All else is told at the level INFO.

Lines are few (``policy/telling.py``), and each is one line: what a registry says in an error is not ours.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from discovery.advice import NOT_IN_CATALOGUE
from discovery.clock import SystemClock
from discovery.model import Target
from discovery.news import News
from discovery.observer import (
    AnswerDoubted,
    CheckFailed,
    CheckRecovered,
    Deregistered,
    Ejected,
    Event,
    EventsOnly,
    NotInCatalogue,
    Pulse,
    Readmitted,
    Registered,
    RegistrationFailed,
    RegistrationRecovered,
    SettingsChanged,
    StateChanged,
    ViewChanged,
    WatchFailed,
    WatchRecovered,
)
from discovery.policy.telling import Quota
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed

logger = logging.getLogger(__name__)

# A line that names a thousand instances tells nobody anything.
_NAMED = 8
_LENGTH = 500

Line = tuple[int, str]


class LogObserver(EventsOnly):
    """Writes a line for each event that is news. *now* is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float] = SystemClock.now) -> None:
        self._now = now
        self._news = News(now)
        self._quotas: defaultdict[tuple[type[Event], int], Quota] = defaultdict(Quota)

    def notify(self, event: Event, /) -> None:
        """Write what *event* is worth; mostly nothing."""
        if not self._news.are(event):
            return
        for level, text in _lines(event):
            # Asked first, so that what nobody reads uses up nothing.
            if logger.isEnabledFor(level):
                left_out = self._quotas[type(event), level].left_out(self._now())
                if left_out is not None:
                    logger.log(
                        level, "%s%s", _one_line(text), f" (and {left_out} more like it before)" * bool(left_out)
                    )


def _lines(event: Event) -> Iterator[Line]:
    match event:
        case Pulse():
            return  # it changes nothing
        case ViewChanged() | WatchFailed() | WatchRecovered() | AnswerDoubted() | Ejected() | Readmitted():
            yield from _of_others(event)
        case (
            Registered()
            | RegistrationFailed()
            | RegistrationRecovered()
            | NotInCatalogue()
            | Deregistered()
            | StateChanged()
        ):
            yield from _of_us(event)
        case CheckFailed(instance, output, for_s):
            yield logging.WARNING, f"{instance.id} is critical for {for_s:.0f} s, so nobody calls it: {output}"
        case CheckRecovered(instance, for_s):
            yield logging.WARNING, f"{instance.id} is not critical any more, after {for_s:.0f} s"
        case SnapshotUsed() | SnapshotFailed():
            yield from _of_snapshots(event)
        case SettingsChanged(values, problems):
            # The names only: the store holds whatever operators put there, by mistake too.
            yield logging.INFO, f"live settings changed: {_named(sorted(values)) or 'there are none'}"
            for problem in problems[:_NAMED]:
                yield logging.WARNING, f"a live setting is left out: {problem}"
        case _:
            assert_never(event)


def _of_others(
    event: ViewChanged | WatchFailed | WatchRecovered | AnswerDoubted | Ejected | Readmitted,
) -> Iterator[Line]:
    match event:
        case ViewChanged(view, added, removed, changed, nowhere, outside):
            news = {"came": added, "left": removed, "changed": changed}
            told = "; ".join(f"{_named(ids)} {what}" for what, ids in news.items() if ids)
            yield logging.INFO, f"{_of(view.target)} has {len(view.instances)} instances: {told or 'nobody new'}"
            for each in nowhere[:_NAMED]:
                yield logging.WARNING, f"{_of(view.target)}: {each.id} is at {each.address}, where nobody can be called"
            for each in outside[:_NAMED]:
                text = f"{each.id} is at {each.address}, which MESH_ALLOW does not name, and is not called"
                yield logging.WARNING, f"{_of(view.target)}: {text}"
        case WatchFailed(what, error, retry_in_s, failures):
            again = _again(retry_in_s, failures)
            yield (
                logging.WARNING,
                f"{what} cannot be followed, what was known stays in use: {_reason(error)}; {again}",
            )
        case WatchRecovered(what, failures, away_s):
            yield logging.WARNING, f"{what} is followed again, after {failures} failures in {away_s:.1f} s"
        case AnswerDoubted(target, reason):
            # Where a second look does not confirm it, that is a failure, and told as one.
            yield logging.INFO, f"what the registry says of {_of(target)} is not believed at once: {reason}"
        case Ejected(target, instance, reason, for_s):
            yield logging.WARNING, f"{_of(target)}: {instance.id} is not called for {for_s:.1f} s: {reason}"
        case Readmitted(target, instance, out_s):
            yield logging.WARNING, f"{_of(target)}: {instance.id} is called again, after {out_s:.1f} s"
        case _:
            assert_never(event)


def _of_snapshots(event: SnapshotUsed | SnapshotFailed) -> Iterator[Line]:
    match event:
        case SnapshotUsed(view, age_s):
            who, known = _of(view.target), _named([each.id for each in view.instances])
            yield (
                logging.WARNING,
                f"{who}: the registry does not answer, so calls go by a snapshot that is {age_s:.0f} s old: {known}",
            )
        case SnapshotFailed(path, reason):
            yield logging.WARNING, f"no snapshot of services at {path}: {reason}"
        case _:
            assert_never(event)


def _of_us(
    event: Registered | RegistrationFailed | RegistrationRecovered | NotInCatalogue | Deregistered | StateChanged,
) -> Iterator[Line]:
    match event:
        case Registered(instance, reason):
            yield logging.INFO, f"{instance.id} is registered at {instance.address}: {reason}"
        case RegistrationFailed(instance, error, retry_in_s, failures):
            yield (
                logging.WARNING,
                f"{instance.id} is not registered: {_reason(error)}; {_again(retry_in_s, failures)}",
            )
        case NotInCatalogue(instance, unseen_s):
            yield (
                logging.WARNING,
                (
                    f"{instance.id} is known to the agent, and not shown by the catalogue for {unseen_s:.0f} s, "
                    f"so nobody finds it: {NOT_IN_CATALOGUE}"
                ),
            )
        case RegistrationRecovered(instance, failures):
            yield logging.WARNING, f"{instance.id} is registered again, after {failures} failures"
        case Deregistered(instance, error):
            if error is None:
                yield logging.INFO, f"{instance.id} is deregistered"
            else:
                yield logging.WARNING, f"{instance.id} could not be deregistered: {_reason(error)}"
        case StateChanged(instance, state):
            yield logging.INFO, f"{instance.id} is {state}"
        case _:
            assert_never(event)


def _again(retry_in_s: float, failures: int) -> str:
    return f"trying again within {retry_in_s:.1f} s" + (f", after {failures} failures" if failures > 1 else "")


def _of(target: Target) -> str:
    return f"{target} where {target.filter}" if target.filter else str(target)


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _one_line(text: str) -> str:
    # Whatever a registry answered, no line may begin within a line, or move a terminal's cursor.
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _LENGTH else f"{shown[:_LENGTH]}…"
