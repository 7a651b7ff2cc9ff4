"""Who is told of the attempts of `mesh call`: the person at the terminal, and whoever else observes."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping

import click

from discovery.cli.text import clip, escape
from discovery.model import Attempt, Outcome, View
from discovery.observer import AttemptHandle, AttemptStart, Call, CallHandle, NullObserver, Observer

# The header of W3C's Trace Context: version, trace, span, and the flag that says "sampled".
_HEADER = "traceparent"


class Telling(NullObserver):
    """Writes each attempt to the standard error when its outcome is known, and tells *inner* all about the call.

    ``trace_id`` is known from the first attempt on: the trace of *inner*, if it makes one, else one of our own, which
    the services' spans then carry.
    """

    def __init__(self, inner: Observer) -> None:
        self._inner = inner
        self._told = 0
        self._reasons: dict[int, str] = {}
        self.trace_id = ""

    def call(self, call: Call, /) -> CallHandle:
        """Begin the call."""
        return _Call(self, self._inner.call(call))

    def begins(self, start: AttemptStart, headers: MutableMapping[str, str]) -> None:
        """See to it that the attempt has a trace; why it is made is told with its outcome."""
        if start.reason:
            self._reasons[start.number] = f"because: {start.reason}, after {start.waited_s * 1000:.0f} ms"
        if self._told == 0 and _HEADER not in headers:
            headers[_HEADER] = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
        parts = headers.get(_HEADER, "").split("-")
        self.trace_id = parts[1] if len(parts) > 2 else self.trace_id

    def tell(self, attempt: Attempt) -> None:
        """Write what an attempt came to, once."""
        if attempt.number <= self._told:
            return
        self._told = attempt.number
        words = [f"→ {clip(attempt.instance.id)}  {escape(attempt.instance.address)}"]
        if attempt.status is not None:
            words.append(str(attempt.status))
        if attempt.outcome is not Outcome.ANSWERED:
            words.append(attempt.outcome.value)
        words.append(f"{attempt.duration_s * 1000:.1f} ms")
        words.extend(said for said in (clip(attempt.error), self._reasons.get(attempt.number, "")) if said)
        click.echo("  ".join(words), err=True)


class _Call:
    def __init__(self, telling: Telling, inner: CallHandle) -> None:
        self._telling = telling
        self._inner = inner

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        self._inner.looked_up(view, age_s, waited_s)

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> AttemptHandle:
        handle = self._inner.attempt(start, headers)
        self._telling.begins(start, headers)
        return _Attempt(self._telling, handle)

    def end(self, attempts: tuple[Attempt, ...], error: BaseException | None = None) -> None:
        self._inner.end(attempts, error)


class _Attempt:
    def __init__(self, telling: Telling, inner: AttemptHandle) -> None:
        self._telling = telling
        self._inner = inner

    def headers_arrived(self, status: int) -> None:
        self._inner.headers_arrived(status)

    def end(self, attempt: Attempt) -> None:
        self._telling.tell(attempt)
        self._inner.end(attempt)
