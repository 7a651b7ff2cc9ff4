"""Who may use which route: what the tables of routes say, what the document says, and what happens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import discovery
from services.kit.application import application
from services.kit.data.database import file_url
from services.kit.service import Service
from services.kit.settings import Settings
from services.kit.web.route import Route
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, enrolled, served

SERVICES = (LAPTOPS, PORTS, RECOMMENDATIONS)
SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
ROLES: dict[str, tuple[str, ...]] = {"nobody": (), "customer": ("customer",), "staff": ("customer", "staff")}


def listed(service: Service) -> Iterator[str]:
    """The rows of the table in the document: routes with the same rule in one."""
    rules: dict[str, list[str]] = {}
    for route in service.routes:
        rule: str = "peers, through the mesh" if route.inside else route.scope or "anybody"
        rules.setdefault(rule, []).append(f"`{route.method} {route.path}`")
    for rule, routes in rules.items():
        yield f"| {service.name} | {', '.join(routes)} | {rule} |"


def test_the_table_in_the_document_is_made_from_the_routes() -> None:
    wanted = [row for service in SERVICES for row in listed(service)]

    found = re.findall(r"^\| (?:accounts|laptops|ports|recommendations) \| `.*\|$", SECURITY.read_text(), re.MULTILINE)
    assert found == wanted, "\n".join(["the table is to be:", *wanted])


async def statuses(client: Client, route: Route, issuer: IssuerDouble) -> dict[str, int]:
    path = route.path.replace("{id}", "999").replace("{key}", "a")
    return {
        role: (await client(route.method, path, headers=issuer.headers(*scopes) if scopes else {})).status
        for role, scopes in ROLES.items()
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_every_route_lets_in_exactly_whom_its_table_names(
    service: Service, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    issuer = IssuerDouble()
    settings = Settings(file_url(tmp_path / "data.db"), issuer.trusted)
    async with issuer.serving(registry), served(application(service, settings), service.name, registry) as client:
        await enrolled(registry, service.name)
        for route in service.routes:
            refused = {
                role: status for role, status in (await statuses(client, route, issuer)).items() if status in {401, 403}
            }
            match route.scope:
                case None:
                    assert refused == {}, route.path
                case "customer":
                    assert refused == {"nobody": 401}, route.path
                case "staff":
                    assert refused == {"nobody": 401, "customer": 403}, route.path


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_whatever_changes_something_has_a_rule(service: Service) -> None:
    free = [route for route in service.routes if route.method != "GET" and route.scope is None and not route.inside]

    assert free == []
