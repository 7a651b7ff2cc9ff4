"""Live settings: an argument or a variable beats the registry's key-value store, and that beats the default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.live_settings import LiveSettings
from discovery.policy.barred import Barred
from discovery.policy.concurrency import CONCURRENCY
from discovery.policy.routes import Route, ranked
from discovery.policy.rules import Rules, settled
from discovery.runtime import routing
from discovery.runtime.faults import Fault
from discovery.variables import limit

# Three attempts of five seconds fit into the whole; .NET's standard handler allows 3 x 10 s in 30 s.
TIMEOUT_S = 15.0
ATTEMPT_TIMEOUT_S = 5.0
ATTEMPTS = 3


def _number(kind: type[float | int], what: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            # Python would quote it, and operators put secrets under the wrong key.
            raise ValueError(f"expected {what}") from None

    return parse


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "timeout_s": _number(float, "a number of seconds"),
    "attempt_timeout_s": _number(float, "a number of seconds"),
    "attempts": _number(int, "a whole number"),
    "concurrency": _number(int, "a whole number"),
    "limit": limit,
}


def prefix(service: str) -> str:
    """Where the settings of a service stand in the registry's key-value store."""
    return f"mesh/{service}/"


class Settings:
    """The values in force. What the store says wrongly is left out and told, never half applied."""

    def __init__(self, config: MeshConfig) -> None:
        self._config = config
        self._stored = LiveSettings()
        self._arguments = _by_route(config.routes)
        self._routes: Mapping[Route, LiveSettings] = {}  # of the store
        self.fault: Fault | None = None
        self.zone = config.zone
        self.barred = Barred(config.allow)
        self._otherwise = Rules(TIMEOUT_S, ATTEMPT_TIMEOUT_S, ATTEMPTS, config.lookup_timeout_s, CONCURRENCY)
        self._resolve()

    def _resolve(self) -> None:
        said, stored = self._config.live, self._stored
        self.limit = said.limit or stored.limit
        self.rules = settled((said, stored), self._otherwise)

    def of(self, service: str) -> tuple[Rules, Sequence[tuple[Route, Rules]]]:
        """The rules of a service, and those of its routes, in the order in which they are asked for a call."""
        if not self._arguments and not self._routes:
            return self.rules, ()
        everywhere = self._config.live, self._stored
        whole = *self._said_of(Route(service)), *everywhere
        routes = {route for route in (*self._arguments, *self._routes) if route.service == service} - {Route(service)}
        rules = settled(whole, self._otherwise)
        return rules, [(route, settled((*self._said_of(route), *whole), self._otherwise)) for route in ranked(routes)]

    def _said_of(self, route: Route) -> list[LiveSettings]:
        return [source[route] for source in (self._arguments, self._routes) if route in source]

    def take(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Let *values* of the store take effect; return what is wrong with those that do not."""
        problems: list[str] = []
        stored: dict[str, Any] = {}
        fault: Fault | None = None
        routes: Mapping[Route, LiveSettings] = {}
        for key, text in values.items():
            try:
                if key == "fault":
                    fault = Fault.parse(text)
                elif key == "routes":
                    routes = _by_route(routing.parse(text))
                elif key in _PARSERS:
                    stored[key] = _positive(_PARSERS[key](text))
                else:
                    problems.append(f"{key}: no such setting")
            except ValueError as error:
                problems.append(f"{key}: {error}")
        if fault is not None and not self._config.faults:
            problems.append("fault: this process was not started with MESH_FAULTS=on")
            fault = None
        self._stored, self._routes, self.fault = LiveSettings(**stored), routes, fault
        self._resolve()
        return tuple(problems)


def _by_route(routes: Mapping[str, LiveSettings]) -> Mapping[Route, LiveSettings]:
    return {Route.parse(text): said for text, said in routes.items()}


def _positive(value: float | str) -> float | str:
    if not isinstance(value, str) and not 0 < value < 1e6:
        raise ConfigError(f"must be positive, got {value}")
    return value
