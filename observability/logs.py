"""What happens to the mesh, as log lines: one for each transition, none for a request.

Every line is an event's name, always the same, with its data as fields. So a machine can count events, and a
person can search for one. What went wrong is told with what happens next.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import assert_never

from discovery.advice import NOT_IN_CATALOGUE
from discovery.model import Target
from discovery.observer import (
    AnswerDoubted,
    CheckFailed,
    CheckRecovered,
    Deregistered,
    Ejected,
    Event,
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
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed
from observability.redaction import redact
from observability.text import clip

_log = logging.getLogger("mesh")

# A line that names a thousand instances tells nobody anything.
NAMED = 8


def tell(event: Event) -> None:
    """Write the line, or lines, of *event*, which is news."""
    match event:
        case Pulse():
            return  # it changes nothing
        case ViewChanged() | WatchFailed() | WatchRecovered() | AnswerDoubted() | Ejected() | Readmitted():
            _tell_of_others(event)
        case (
            Registered()
            | RegistrationFailed()
            | RegistrationRecovered()
            | NotInCatalogue()
            | Deregistered()
            | StateChanged()
        ):
            _tell_of_us(event)
        case CheckFailed(instance, output, for_s):
            _warn("check failed", id=instance.id, output=clip(redact(output), 300), for_s=round(for_s, 1))
        case CheckRecovered(instance, for_s):
            _info("check recovered", id=instance.id, for_s=round(for_s, 1))
        case SnapshotUsed() | SnapshotFailed():
            _tell_of_snapshots(event)
        case SettingsChanged(values, problems):
            # The names only: the store holds whatever operators put there, by mistake too.
            _info("settings changed", keys=_names(sorted(values)))
            for problem in problems:
                _warn("setting left out", problem=clip(redact(problem)))
        case _:
            assert_never(event)


def _tell_of_others(
    event: ViewChanged | WatchFailed | WatchRecovered | AnswerDoubted | Ejected | Readmitted,
) -> None:
    match event:
        case ViewChanged(view, added, removed, changed, nowhere, outside):
            news = {"added": added, "removed": removed, "changed": changed}
            named = {kind: _names(ids) for kind, ids in news.items() if ids}
            _info("view changed", **_of(view.target), instances=len(view.instances), **named)
            for instance in nowhere[:NAMED]:
                _warn("address cannot be called", **_of(view.target), id=instance.id, address=instance.address)
            for instance in outside[:NAMED]:
                _warn("address is not allowed", **_of(view.target), id=instance.id, address=instance.address)
        case WatchFailed(what, error, retry_in_s, failures):
            next_try_s = round(retry_in_s, 1)
            _warn("watch failed", what=what, error=_reason(error), failures=failures, next_try_s=next_try_s)
        case WatchRecovered(what, failures, away_s):
            _info("watch recovered", what=what, failures=failures, away_s=round(away_s, 1))
        case AnswerDoubted(target, reason):
            _warn("answer doubted", **_of(target), reason=reason)
        case Ejected(target, instance, reason, for_s):
            _warn("ejected", **_of(target), id=instance.id, reason=reason, for_s=round(for_s, 1))
        case Readmitted(target, instance, out_s):
            _info("readmitted", **_of(target), id=instance.id, out_s=round(out_s, 1))
        case _:
            assert_never(event)


def _tell_of_snapshots(event: SnapshotUsed | SnapshotFailed) -> None:
    match event:
        case SnapshotUsed(view, age_s):
            _warn("snapshot used", **_of(view.target), instances=len(view.instances), age_s=round(age_s, 1))
        case SnapshotFailed(path, reason):
            _warn("snapshot failed", path=clip(path), reason=clip(redact(reason), 300))
        case _:
            assert_never(event)


def _tell_of_us(
    event: Registered | RegistrationFailed | RegistrationRecovered | NotInCatalogue | Deregistered | StateChanged,
) -> None:
    match event:
        case Registered(instance, reason):
            _info("registered", id=instance.id, address=instance.address, reason=reason)
        case RegistrationFailed(instance, error, retry_in_s, failures):
            next_try_s = round(retry_in_s, 1)
            reason = _reason(error)
            _warn("registration failed", id=instance.id, error=reason, failures=failures, next_try_s=next_try_s)
        case NotInCatalogue(instance, unseen_s):
            _warn("not in catalogue", id=instance.id, unseen_s=round(unseen_s, 1), look_at=NOT_IN_CATALOGUE)
        case RegistrationRecovered(instance, failures):
            _info("registration recovered", id=instance.id, failures=failures)
        case Deregistered(instance, error):
            if error is None:
                _info("deregistered", id=instance.id)
            else:
                _warn("deregistration failed", id=instance.id, error=_reason(error))
        case StateChanged(instance, state):
            _info("state changed", id=instance.id, state=state)
        case _:
            assert_never(event)


def _info(event: str, **fields: object) -> None:
    _log.info(event, extra=fields)


def _warn(event: str, **fields: object) -> None:
    _log.warning(event, extra=fields)


def _of(target: Target) -> dict[str, str]:
    return {"target": str(target)} | ({"filter": clip(target.filter)} if target.filter else {})


def _names(names: Sequence[str]) -> str:
    shown = ",".join(names[:NAMED])
    return f"{shown},…(+{len(names) - NAMED})" if len(names) > NAMED else shown


def _reason(error: Exception) -> str:
    return clip(redact(f"{type(error).__name__}: {error}"), 300)
