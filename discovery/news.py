"""Which events are worth a line of a log: nearly all of them, but of what fails again and again only some."""

from __future__ import annotations

from collections.abc import Callable

from discovery.clock import SystemClock
from discovery.errors import RegistryRejected
from discovery.observer import Event, RegistrationFailed, WatchFailed
from discovery.policy.telling import Reminders, is_news


class News:
    """Remembers what was told. *now* is a monotonic clock, in seconds."""

    def __init__(self, now: Callable[[], float] = SystemClock.now) -> None:
        self._now = now
        self._reminders = Reminders()

    def are(self, event: Event) -> bool:
        """Whether *event* is to be told."""
        match event:
            case WatchFailed(what=what, error=error, failures=failures):
                pass
            case RegistrationFailed(instance=instance, error=error, failures=failures):
                what = f"registration of {instance.id}"
            case _:
                return True
        # What is away comes back by itself; what refuses waits for somebody to do something.
        if isinstance(error, RegistryRejected):
            return self._reminders.are_due(what, self._now(), first=failures == 1)
        return is_news(failures)
