"""What a person who looks on is told of the registry: that it answers, or does not, and each change of that, once."""

from __future__ import annotations

from discovery.errors import RegistryRejected
from discovery.model import Source, View
from discovery.observer import (
    Event,
    Registered,
    RegistrationFailed,
    RegistrationRecovered,
    SettingsChanged,
    ViewChanged,
    WatchFailed,
    WatchRecovered,
)


class Notices:
    """Makes sentences of events. *registry* is what to call it: ``Consul at http://127.0.0.1:8500``."""

    def __init__(self, registry: str) -> None:
        self._registry = registry
        self._answers: bool | None = None
        self._answered_once = False
        self._refused = False

    def of(self, event: Event) -> str:
        """The sentence that *event* is worth; mostly none.

        Many things are asked of one registry, and fail one by one. So it is away from the first that begins to fail,
        and back with the first that is answered; what only fails again is no news.
        """
        match event:
            case WatchFailed(error=error, failures=1) | RegistrationFailed(error=error, failures=1):
                return self._refusal(error) if isinstance(error, RegistryRejected) else self._away()
            case ViewChanged(view=View(source=Source.SNAPSHOT)):
                return ""
            case Registered() | RegistrationRecovered() | SettingsChanged() | ViewChanged() | WatchRecovered():
                return self._answer()
            case _:
                return ""

    def _refusal(self, error: RegistryRejected) -> str:
        if self._refused:
            return ""
        self._refused = True
        return f"{error} (mesh doctor says what the token lacks)"

    def _away(self) -> str:
        if self._answers is False:
            return ""
        self._answers = False
        meanwhile = "what it said last stays" if self._answered_once else "only telemetry is shown"
        return f"no answer from {self._registry}: until there is one, {meanwhile} (mesh doctor says why)"

    def _answer(self) -> str:
        if self._answers:
            return ""
        first, self._answers, self._answered_once = self._answers is None, True, True
        return f"services come from {self._registry}" if first else f"{self._registry} answers: its services are shown"
