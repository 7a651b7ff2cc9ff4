"""Every endpoint with every role, at its service and through the gateway: who is let in, by the table of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp
import click

from benchmarks.chaos.gateway.people import ISSUER, People, people
from benchmarks.chaos.gateway.stage import UNLIMITED, Stage
from benchmarks.chaos.playing import Scenario
from launcher.development import CannotRun, Row
from launcher.plan import ROOT

_PAGE = ROOT / "docs" / "security.md"
_LINE = re.compile(r"^\| (\w+) \| `(\w+) (/[^`]*)` \| (\S+) \| (\S+) \| (\S+) \| (yes|no) \|$", re.MULTILINE)
_PART = re.compile(r"\{(\w+)\}")
# The statuses that mean "not you", and those of what is not led to.
_REFUSALS, _NOWHERE = frozenset({401, 403}), frozenset({404, 405})
_OUTSIDE = "through the gateway"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route of a service, what the table says to each role, and whether the gateway leads there."""

    service: str
    method: str
    path: str
    answers: Mapping[str, str]
    led: bool

    @property
    def asked(self) -> str:
        """A path that it is at. Nothing is there, so that little is changed."""
        return _PART.sub(lambda part: "999" if part[1] == "id" else "a", self.path)

    def deviates(self, role: str, status: int, *, outside: bool) -> bool:
        """Whether *status* is not what the table says to that *role*; *outside* is through the gateway."""
        if outside and not self.led:
            return status not in _NOWHERE
        said = self.answers[role]
        return status in _REFUSALS or status >= 500 if said == "yes" else str(status) != said


def endpoints(page: str) -> list[Endpoint]:
    """The table, taken apart. Who deletes himself comes last: he is needed until then."""
    found = [
        Endpoint(service, method, path, {"nobody": nobody, "customer": customer, "staff": staff}, led == "yes")
        for service, method, path, nobody, customer, staff, led in _LINE.findall(page)
    ]
    return sorted(found, key=lambda endpoint: (endpoint.method, endpoint.path) == ("DELETE", "/accounts/me"))


def rows_of(where: str, deviations: int, pairs: int) -> list[Row]:
    """The figure."""
    what = f"endpoints and roles, {where}: answered otherwise than the table says"
    return [Row(what, deviations, f"of {pairs}", "= 0", deviations == 0)]


async def _play(stage: Stage) -> list[Row]:
    table = endpoints(_PAGE.read_text(encoding="utf-8"))
    if not table:
        raise CannotRun(f"{_PAGE.name} has no table of who may use what")
    names = dict.fromkeys(["accounts", *(endpoint.service for endpoint in table)])
    async with stage.system() as system:
        services = {name: await system.start(f"{name}-1", AUTH_ISSUER=ISSUER) for name in names}
        gateway = await system.start("gateway-1", AUTH_ISSUER=ISSUER, root=ROOT, **UNLIMITED)
        await system.leads(gateway, "/api/ports/1")
        # Whose prefix is not its own name has it once all before it in the list were read.
        await system.leads(gateway, "/api/ledger/accounts", 401)
        outside = dict.fromkeys(names, gateway.url + "/api")
        rows = []
        for where, urls in {
            "at the services": {n: each.url for n, each in services.items()},
            _OUTSIDE: outside,
        }.items():
            # Others for each, since they delete themselves.
            who = await people(system, services["accounts"], f"{where.replace(' ', '-')}.example")
            asked = await _asked(table, urls, who)
            wrong = [each for each in asked if each[0].deviates(*each[1:], outside=where == _OUTSIDE)]
            for endpoint, role, status in wrong:
                click.echo(f"mesh:   {endpoint.method} {endpoint.path} as {role}, {where}: {status}", err=True)
            rows += rows_of(where, len(wrong), len(asked))
    return rows


async def _asked(table: Sequence[Endpoint], urls: Mapping[str, str], who: People) -> list[tuple[Endpoint, str, int]]:
    """The status of each endpoint for each role."""
    found = []
    async with aiohttp.ClientSession() as session:
        for endpoint in table:
            for role in who.tokens:
                url = urls[endpoint.service] + endpoint.asked
                async with session.request(endpoint.method, url, headers=who.headers(role)) as response:
                    found.append((endpoint, role, response.status))
    return found


SCENARIOS = (Scenario("roles", "every endpoint with every role", _play),)
