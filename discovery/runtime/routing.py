"""The settings of routes, as the registry's key-value store has them: one JSON object below ``mesh/<service>/routes``.

They stand under one key, and not under one for each, so that a change of several takes effect at one moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from discovery.live_settings import LiveSettings, route_problems
from discovery.policy.routes import Route

# What may be said, and whether it is a whole number.
_SETTINGS: Mapping[str, bool] = {
    "timeout_s": False,
    "attempt_timeout_s": False,
    "attempts": True,
    "patience_s": False,
    "concurrency": True,
    "max_staleness_s": False,
}


def parse(text: str) -> dict[str, LiveSettings]:
    """Read ``{"ports": {"timeout_s": 3}, "GET ports/slow": {"attempts": 1}}``.

    Raises:
        ValueError: saying what is wrong with it; then nothing of it holds.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object of routes")
    routes = {route: _settings(route, said) for route, said in value.items()}
    if problems := route_problems(routes):
        raise ValueError("; ".join(problems))
    return routes


def _settings(route: str, said: object) -> LiveSettings:
    Route.parse(route)  # so that nothing else is repeated in what follows
    if not isinstance(said, dict) or not said.keys() <= _SETTINGS.keys():
        raise ValueError(f"{route}: expected an object with {', '.join(_SETTINGS)}")
    for name, value in said.items():
        if type(value) is not int and (_SETTINGS[name] or type(value) is not float):
            raise ValueError(f"{route}: expected a {'whole ' if _SETTINGS[name] else ''}number as {name}")
    return LiveSettings(**said)
