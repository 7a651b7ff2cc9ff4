"""Who is told of the attempts of `mesh call`: the person at the terminal, and whoever else observes."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping

import click

from discovery.call import Call
from discovery.cli.text import clip, escape
from discovery.model import Attempt, Outcome
from discovery.observer import NullObserver, Observer

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
        self.trace_id = ""

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None:
        """See to it that the attempt has a trace; tell what the one before came to."""
        for attempt in call.attempts:
            self.tell(attempt)
        self._inner.sending(call, number, headers)
        if _HEADER not in headers:
            self.trace_id = self.trace_id or secrets.token_hex(16)
            headers[_HEADER] = f"00-{self.trace_id}-{secrets.token_hex(8)}-01"
        parts = headers.get(_HEADER, "").split("-")
        self.trace_id = parts[1] if len(parts) > 2 else self.trace_id

    def called(self, call: Call, /) -> None:
        """Tell what was not told yet."""
        for attempt in call.attempts:
            self.tell(attempt)
        self._inner.called(call)

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
        if attempt.error:
            words.append(clip(attempt.error))
        if attempt.reason:
            words.append(f"because: {attempt.reason}, after {attempt.waited_s * 1000:.0f} ms")
        click.echo("  ".join(words), err=True)
