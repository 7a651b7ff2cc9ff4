"""What an operator may say of a gateway to the world, by variables that begin with ``GATEWAY_``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import discovery
from services.gateway.edge.rate import Rate, parse
from services.gateway.edge.route_rates import RouteRate, parse_routes

# More than a page with all that belongs to it, or a busy script, and less than all that a gateway can take.
RATE = Rate(500, 1)
# Whoever guesses passwords has to ask for each of them.
ROUTE_RATES = parse_routes("POST /api/token=30/m, POST /api/accounts=10/m")
# A day of it is some gigabytes.
RECORDS = Rate(200, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSettings:
    """All of them. A rate of ``None`` is no limit, and for the access log, none at all."""

    rate: Rate | None = RATE
    user_rate: Rate | None = RATE
    route_rates: tuple[RouteRate, ...] = ROUTE_RATES
    access_log: Rate | None = RECORDS

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """What the variables say; an empty one says nothing.

        Raises:
            ConfigError: for all that makes no sense, at once.
        """
        said: dict[str, Any] = {}
        problems = []
        for variable, (field, parsed) in _VARIABLES.items():
            if text := environ.get(variable, "").strip():
                try:
                    said[field] = parsed(text)
                except ValueError as error:
                    problems.append(f"{variable}: {error}")
        if problems:
            raise discovery.ConfigError(*problems)
        return cls(**said)


_VARIABLES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "GATEWAY_RATE": ("rate", parse),
    "GATEWAY_USER_RATE": ("user_rate", parse),
    "GATEWAY_ROUTE_RATES": ("route_rates", parse_routes),
    "GATEWAY_ACCESS_LOG": ("access_log", parse),
}
