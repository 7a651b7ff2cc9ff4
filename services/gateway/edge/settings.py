"""What an operator may say of a gateway to the world, by variables that begin with ``GATEWAY_``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import discovery
from services.gateway.edge.cors import parse_origins
from services.gateway.edge.hosts import Hosts, parse_hosts
from services.gateway.edge.proxies import Networks, parse_proxies
from services.gateway.edge.rate import OFF, Rate, parse
from services.gateway.edge.route_rates import RouteRate, parse_routes

# More than a page with all that belongs to it, or a busy script, and less than all that a gateway can take.
RATE = Rate(500, 1)
# Whoever guesses passwords has to ask for each of them.
ROUTE_RATES = parse_routes("POST /api/token=30/m, POST /api/accounts=10/m")
# A year, which is what the lists of browsers ask for.
HSTS_S = 31_536_000
# Whoever sees nothing for longer goes away; the shop gives up what it waits for a little sooner, and says so.
PAGE_S = 1.9
# A day of it is some gigabytes.
RECORDS = Rate(200, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """All of them. A rate of ``None`` is no limit, and for the access log, none at all."""

    rate: Rate | None = RATE
    user_rate: Rate | None = RATE
    route_rates: tuple[RouteRate, ...] = ROUTE_RATES
    access_log: Rate | None = RECORDS
    http_port: int | None = None
    hosts: Hosts = field(default_factory=dict)
    hsts_s: int | None = HSTS_S
    cors_origins: frozenset[str] = frozenset()
    proxies: Networks = ()
    trust_traces: bool = False
    page_s: float = PAGE_S

    def __post_init__(self) -> None:
        if self.http_port and not self.hosts:
            raise discovery.ConfigError("GATEWAY_HTTP_PORT leads to one of GATEWAY_HOSTS: name them, like shop.example")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """What the variables say; an empty one says nothing.

        Raises:
            ConfigError: for all that makes no sense, at once.
        """
        said: dict[str, Any] = {}
        problems = []
        for variable, (name, parsed) in _VARIABLES.items():
            if text := environ.get(variable, "").strip():
                try:
                    said[name] = parsed(text)
                except ValueError as error:
                    problems.append(f"{variable}: {error}")
        if problems:
            raise discovery.ConfigError(*problems)
        return cls(**said)


def _whole(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise ValueError(f"it is a whole number from {least} to {most}: got {text!r:.80}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 60:
        raise ValueError(f"it is a number of seconds from 0.1 to 60: got {text!r:.80}")
    return seconds


def _trusts(text: str) -> bool:
    if text not in _TRACES:
        raise ValueError(f"it is {' or '.join(_TRACES)}: got {text!r:.80}")
    return _TRACES[text]


# Whether what comes from outside says which trace a request is a part of.
_TRACES: Mapping[str, bool] = {"restart": False, "trust": True}
_VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "GATEWAY_RATE": ("rate", parse),
    "GATEWAY_USER_RATE": ("user_rate", parse),
    "GATEWAY_ROUTE_RATES": ("route_rates", parse_routes),
    "GATEWAY_ACCESS_LOG": ("access_log", parse),
    "GATEWAY_HTTP_PORT": ("http_port", lambda text: _whole(text, 1, 65535)),
    "GATEWAY_HOSTS": ("hosts", parse_hosts),
    "GATEWAY_HSTS_S": ("hsts_s", lambda text: None if text == OFF else _whole(text, 0, 10 * HSTS_S)),
    "GATEWAY_CORS_ORIGINS": ("cors_origins", parse_origins),
    "GATEWAY_PROXIES": ("proxies", parse_proxies),
    "GATEWAY_TRACES": ("trust_traces", _trusts),
    "GATEWAY_PAGE_S": ("page_s", _seconds),
}
