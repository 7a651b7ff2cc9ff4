"""Only the log: for a process that must not observe itself, like one that takes telemetry in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from discovery.model import Instance
from discovery.news import News
from discovery.observer import Event, EventsOnly, Observer
from observability import logs
from observability.config import TelemetryConfig
from observability.lines import configure_logs


class Journal(EventsOnly):
    """Writes the events, and lets calls and requests pass."""

    def __init__(self) -> None:
        self._news = News()

    def notify(self, event: Event, /) -> None:
        """Write the lines of *event*."""
        if self._news.are(event):
            logs.tell(event)


@contextmanager
def journal(identity: Instance) -> Iterator[Observer]:
    """Observe one process by its log alone: no traces, no metrics, and nothing leaves it.

    Raises:
        ConfigError: when the environment makes no sense.
    """
    configure_logs(identity, TelemetryConfig.from_env())
    yield Journal()
