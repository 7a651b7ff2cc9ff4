"""What a person sees of a system while it runs: progress, what goes wrong, and the answer: what runs where.

The answer goes to stdout, all else to stderr.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from launcher.local.child import Ended
from launcher.local.processes import CONSUL
from launcher.local.summary import Summary

_COMPLAINT = re.compile(r"\b(?:WARNING|ERROR|CRITICAL)\b")
_COMPLAINTS = frozenset({"warning", "error", "critical"})
# Progress is told five times a second.
_LOOKS_BEFORE_A_WORD = 25
# What the line's place on the screen says already.
_KNOWN = frozenset({"timestamp", "level", "logger", "service", "instance", "event"})


class Screen:
    """The listener of the system's processes, at a terminal or into a file."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("", console=self._console)
        self._stopping = False
        self._looks = 0
        self._last = ""
        self.ready = False

    def line(self, name: str, text: str) -> None:
        """Show a warning or an error of an instance; the rest is in its file.

        While all start, each complains that the others are not there yet; while all leave, that they are gone.
        """
        if self._stopping or name == CONSUL or not (complaint := complaint_in(text)):
            return
        if self.ready:
            self.say(f"[yellow]{name}[/] {escape(complaint)}")
        else:
            self._last = f"{name}: {complaint}"

    def ended(self, name: str, ended: Ended, retry_in_s: float) -> None:
        """Show that a process ended by itself, and why: its last words, unless they are a record that all is well."""
        if self._stopping:
            return
        words = complaint_in(ended.last_line) if _record(ended.last_line) else ended.last_line
        why = escape(str(Ended(ended.code, words)))
        self.say(f"[red]{name}[/] ended ({why}); starting it again in {retry_in_s:.1f} s")

    def say(self, markup: str) -> None:
        """Show one line."""
        self._console.print(markup, soft_wrap=True)

    def progress(self, passing: int, wanted: int) -> None:
        """Show how far the start is; when it takes long, what is complained of, every few seconds."""
        self._status.update(f"starting: {passing} of {wanted} instances are healthy")
        self._status.start()
        self._looks += 1
        if self._looks % _LOOKS_BEFORE_A_WORD == 0:
            word = escape(self._last) or "none"
            self.say(f"still starting: {passing} of {wanted} instances are healthy; last word: {word}")

    def doing(self, what: str) -> None:
        """Show at a terminal what is being done now, until ``""`` ends it; elsewhere nothing is shown."""
        if what:
            self._status.update(escape(what))
            self._status.start()
        else:
            self._status.stop()

    def answer(self, summary: Summary, *, as_json: bool) -> None:
        """Say what runs where."""
        self._status.stop()
        self.ready = True
        if as_json:
            print(json.dumps(summary.figures()), flush=True)  # noqa: T201 - this is the answer, and rich would wrap it
        else:
            Console().print(summary)
            self.say(f"\nready in {summary.ready_s:.1f} s; Ctrl-C or `mesh down --system {summary.system}` ends it")

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show what happens; when that is over, the system is on its way out."""
        try:
            yield
        finally:
            self._stopping = True
            self._status.stop()
            self.say("stopping: everybody finishes what is in flight (Ctrl-C again ends it at once)")


def complaint_in(line: str) -> str:
    """The line for a person when it is a warning or worse, else ``""``."""
    record = _record(line)
    if record.get("level") in _COMPLAINTS if record else _COMPLAINT.search(line):
        return readable(line)
    return ""


def readable(line: str) -> str:
    """A line of a log for a person: of JSON, the event and its data."""
    record = _record(line)
    if not record:
        return line
    data = (f"{key}={value}" for key, value in record.items() if key not in _KNOWN and "\n" not in str(value))
    return " ".join((str(record["event"]), *data))


def _record(line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and "event" in record else {}
