"""`mesh staff`: an account that may write, in a system that runs, and how it logs in."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict

from launcher.local import Staff, find_system, running_systems
from launcher.remote.asking import ask

_JSON = "Content-Type: application/json"


async def staff_of(system: str, email: str) -> Staff:
    """Have the account made.

    Raises:
        ConfigError: when there is no such system, or no single one.
        ControlError: saying why the account was not made.
    """
    return Staff(**await ask(find_system(system, running_systems()), "/staff", {"email": email}))


def told_staff(staff: Staff, *, as_json: bool) -> str:
    """What is said of it, once: for a program all that is known, for a person what to type."""
    if as_json:
        return json.dumps(asdict(staff))
    if not staff.password:
        return f"{staff.email} is staff, with the password that it had"
    who = json.dumps({"email": staff.email, "password": staff.password})
    asking = shlex.join(["curl", "-s", "-H", _JSON, "-d", who, f"{staff.gateway}/api/token"])
    name = json.dumps({"name": "Left HDMI", "laptop": 3})
    adding = f'curl -H "Authorization: Bearer $TOKEN" -H {shlex.quote(_JSON)} -d {shlex.quote(name)}'
    lines = (
        f"{staff.email} is staff; the password is told this once: {staff.password}",
        "",
        f'TOKEN=$({asking} | sed \'s/.*"access_token": *"//; s/".*//\')',
        f"{adding} {staff.gateway}/api/ports",
        "",
        "A token is good for five minutes.",
    )
    return "\n".join(lines)
