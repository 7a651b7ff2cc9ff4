"""Who may do what: each route of each service, asked by each role, is the table that the page about security shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.kit.service import Service
from services.kit.web.route import PART, Route
from tests.services.catalogue import SERVICES, running
from tests.services.issuer import IssuerDouble

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
# What a token of each role says; without one there is none.
ROLES: Mapping[str, tuple[str, ...]] = {"nobody": (), "customer": ("customer",), "staff": ("customer", "staff")}
ROW = re.compile(r"^\| (\w+) \| `(\w+) (/[^`]*)` \| (\S+) \| (\S+) \| (\S+) \| (yes|no) \|$", re.MULTILINE)


def expected(route: Route, roles: tuple[str, ...]) -> str:
    if route.scope is None or route.scope in roles:
        return "yes"
    return "403" if roles else "401"


def test_the_page_shows_each_route_and_what_each_role_is_answered() -> None:
    rows = [
        (
            name,
            route.method,
            route.path,
            *(expected(route, said) for said in ROLES.values()),
            "no" if route.inside else "yes",
        )
        for name, service in SERVICES.items()
        for route in service.routes
    ]

    lines = [f"| {name} | `{method} {path}` | {' | '.join(rest)} |" for name, method, path, *rest in rows]
    assert ROW.findall(PAGE.read_text()) == rows, "the table has to be:\n" + "\n".join(lines)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
async def test_each_route_answers_each_role_as_the_table_says(service: Service, role: str, tmp_path: Path) -> None:
    issuer = IssuerDouble()
    answered, wanted = {}, {}
    async with running(service, issuer, tmp_path) as client:
        headers = issuer.headers(*ROLES[role]) if ROLES[role] else {}
        for route in service.routes:
            path = PART.sub(lambda part: "999999" if part[1] == "id" else "k", route.path)
            status = (await client(route.method, path, headers=headers)).status
            assert status < 500, (route.method, path)
            name = f"{route.method} {route.path}"
            answered[name] = str(status) if status in {401, 403} else "yes"
            wanted[name] = expected(route, ROLES[role])

    assert answered == wanted


def test_whatever_changes_something_has_a_rule_but_for_what_is_done_without_an_access_token() -> None:
    free = {
        f"{route.method} {route.path}"
        for service in SERVICES.values()
        for route in service.routes
        if route.method != "GET" and route.scope is None and not route.inside
    }

    assert free == {"POST /accounts", "POST /token", "POST /token/refresh", "POST /logout"}
