"""A call as an observer is told of it: what was asked for, and at its end what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from discovery.model import Attempt, Target, View


@dataclass(frozen=True, slots=True)
class Lookup:
    """The call is made on *view*, which the registry confirmed *age_s* ago; ``None`` when it never answered.

    Told only where it explains the call: it waited for somebody to be there, or the registry is away.
    """

    view: View | None
    age_s: float
    waited_s: float


class Tried(Protocol):
    """An attempt of which no record is made yet."""

    def record(self) -> Attempt:
        """Make it."""
        ...


class Call:
    """One logical request to a service, as the user asked for it.

    ``path`` is encoded, with its query. For ``queued_s`` it waited for its turn, since as many calls to the service
    were under way as may be. ``context`` is the observer's own: nobody else reads or writes it.
    """

    __slots__ = (
        "_attempts",
        "_before",
        "_last",
        "began_at",
        "context",
        "ended_at",
        "error",
        "lookup",
        "method",
        "path",
        "queued_s",
        "target",
    )

    def __init__(self, target: Target, method: str, path: str, began_at: float) -> None:
        self.target = target
        self.method = method
        self.path = path
        self.began_at = began_at
        self.ended_at = 0.0
        self.error: BaseException | None = None
        self.lookup: Lookup | None = None
        self.queued_s = 0.0
        self.context: Any = None
        self._before: tuple[Attempt, ...] = ()
        self._last: Tried | None = None
        self._attempts: tuple[Attempt, ...] | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The records of its attempts; that of the last is made now, since an observer may look later or never.

        Several threads may ask at once.
        """
        attempts = self._attempts
        if attempts is None:
            last = self._last
            attempts = self._attempts = self._before if last is None else (*self._before, last.record())
        return attempts

    def without_error(self) -> Call:
        """The same without its error, which holds the frames that it passed and whatever those hold."""
        over = Call(self.target, self.method, self.path, self.began_at)
        over.ended_at, over.lookup, over.queued_s = self.ended_at, self.lookup, self.queued_s
        over.tried(self._before, self._last)
        return over

    def tried(self, before: tuple[Attempt, ...], last: Tried | None = None) -> None:
        """Its attempts are those recorded *before*, and the *last* one."""
        self._before, self._last, self._attempts = before, last, None
