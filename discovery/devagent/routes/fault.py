"""``/v1/devagent/fault``: commands to misbehave, from this host alone, and only where the agent was told to obey."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import ip_address
from math import inf
from typing import Any

from aiohttp import web

from discovery.devagent import body
from discovery.devagent.api import endpoint, shown
from discovery.devagent.faults import DOOR, Faults
from discovery.devagent.refusal import Refused

FAULTS = web.AppKey("faults", Faults)

# Said with "true"; the others take a number.
_SWITCHES = frozenset({"empties", "forgets", "hangs", "loses_leader", "regresses_index"})


async def show(request: web.Request) -> web.Response:
    return shown(request, _faults(request).in_force)


async def begin(request: web.Request) -> web.Response:
    """Begin every fault that the object names; all of them, or where one makes no sense, none."""
    faults = _faults(request)
    try:
        wanted = json.loads(await body.read(request))
    except ValueError as exc:
        raise Refused(400, f"Request decode failed: {exc}") from None
    if not isinstance(wanted, dict) or not wanted:
        raise Refused(400, f"a fault is said as an object, such as {json.dumps({'lags': 2})}")
    for command in [_command(faults, name, value) for name, value in wanted.items()]:
        command()
    return shown(request, faults.in_force)


async def end(request: web.Request) -> web.Response:
    faults = _faults(request)
    faults.recovers()
    return shown(request, faults.in_force)


def _faults(request: web.Request) -> Faults:
    if not ip_address(request.remote or "0.0.0.0").is_loopback:
        raise Refused(403, "faults are commanded from this host alone")
    return request.app[FAULTS]


def _command(faults: Faults, name: str, value: Any) -> Callable[[], object]:
    if name in _SWITCHES:
        if value is not True:
            raise Refused(400, f"{name} takes true, and what lasts ends by DELETE {DOOR}")
        command: Callable[[], object] = getattr(faults, name)
        return command
    if name == "lags":
        if type(value) not in {int, float} or not 0 <= value < inf:
            raise Refused(400, "lags takes a number of seconds")
        return lambda: faults.lags(value)
    if name == "refuses":
        if type(value) is not int or not 400 <= value <= 599:
            raise Refused(400, "refuses takes a status from 400 to 599")
        return lambda: faults.refuses(value)
    raise Refused(400, f'unknown fault "{name}": there are {", ".join(sorted({*_SWITCHES, "lags", "refuses"}))}')


ROUTES = [endpoint(DOOR, GET=show, PUT=begin, DELETE=end)]
