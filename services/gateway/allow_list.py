"""``GATEWAY_SERVICES``: which services the world may be led to, in order of precedence.

Everything else does not exist here, whatever it registers: who may enter a name in the registry is not thereby one who
may claim a path of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import discovery
from services.gateway.table import OURS
from services.gateway.target import SHOP, is_label

VARIABLE = "GATEWAY_SERVICES"
DEFAULT = ("accounts", "laptops", "notifications", "orders", "payments", "ports", "recommendations")


def allow_list(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names that ``GATEWAY_SERVICES`` lists, with commas between; without it, those of the sample system.

    Raises:
        ConfigError: when one of them can be no API here, or is there twice.
    """
    raw = environ.get(VARIABLE)
    if raw is None:
        return DEFAULT
    names = tuple([name for each in raw.split(",") if (name := each.strip().lower())])
    problems = [f"{VARIABLE}: {name!r} {why}" for name in names if (why := _why_not(name))]
    problems += [f"{VARIABLE}: {name!r} is there twice" for name in sorted(set(names)) if names.count(name) > 1]
    if problems:
        raise discovery.ConfigError(*problems)
    return names


def _why_not(name: str) -> str:
    if not is_label(name):
        return "is not the name of a service: small letters, digits and dashes"
    if name in OURS:
        return "is the name of a path that is the gateway's own"
    return "is the shop, which has all other paths and needs no place here" if name == SHOP else ""
