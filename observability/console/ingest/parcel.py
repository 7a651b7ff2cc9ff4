"""One request to store something, before and after it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from sqlalchemy import Connection

from observability.console.ingest.forms import Form, Group
from observability.console.ingest.logs import store_logs
from observability.console.ingest.points import count_points, store_points
from observability.console.ingest.stored import Stored
from observability.console.ingest.traces import store_spans
from observability.console.ingest.window import Window

_STORE: dict[str, Callable[[Connection, Iterable[Group]], Stored]] = {
    "logs": store_logs,
    "metrics": store_points,
}


class Parcel:
    """Read when first asked for what is in it, since that takes time, in whatever thread asks."""

    def __init__(self, signal: str, form: Form, body: bytes) -> None:
        self.signal = signal
        self.form = form
        self.size = len(body)
        self._body = body

    @cached_property
    def _groups(self) -> list[Group]:
        return self.form.read(self.signal, self._body)

    def count(self) -> int:
        """How many records there are: spans, lines, or points. Raises ValueError when it cannot be read."""
        if self.signal == "metrics":
            return count_points(self._groups)
        return sum(group.broken + len(group.records) for group in self._groups)

    def store(self, connection: Connection, window: Window) -> Stored:
        """Store them; *window* holds the times that may be believed. Raises ValueError when it cannot be read."""
        if self.signal == "traces":
            return store_spans(connection, self._groups, window)
        return _STORE[self.signal](connection, self._groups)
