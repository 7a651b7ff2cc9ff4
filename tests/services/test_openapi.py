"""The documents of the APIs: published as the code makes them, and as OpenAPI has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from services.kit.data.database import file_url
from services.kit.problems import KINDS
from services.kit.service import Service
from services.kit.web.openapi import document
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from tests.services.catalogue import SERVICES
from tests.services.support import build_laptops, build_ports, served

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_the_published_document_is_the_one_that_the_code_makes(service: Service) -> None:
    published = json.loads((service.home / "openapi.json").read_text())

    made = document(service.name, service.api, service.routes)
    assert json.loads(json.dumps(made)) == published, f"./mesh api diff {service.name} --write publishes it anew"


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_every_operation_has_a_name_of_its_own_and_a_summary(service: Service) -> None:
    operations = [
        operation
        for path in document(service.name, service.api, service.routes)["paths"].values()
        for operation in path.values()
    ]

    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations)


def test_the_document_says_who_may_write_and_what_is_for_peers() -> None:
    paths = document(LAPTOPS.name, LAPTOPS.api, LAPTOPS.routes)["paths"]

    assert "security" not in paths["/laptops"]["get"]
    assert paths["/laptops"]["post"]["security"] == [{"bearer": ["staff"]}]
    assert paths["/laptops/{id}"]["put"]["parameters"][1] == {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
    }
    assert paths["/laptops/{id}/reservations/{key}"]["put"]["x-inside"] is True


def test_a_parameter_that_may_be_left_out_is_never_null() -> None:
    parameters = document(PORTS.name, PORTS.api, PORTS.routes)["paths"]["/ports"]["get"]["parameters"]

    assert {parameter["name"] for parameter in parameters} == {
        *("limit", "after", "laptop", "laptops", "name", "connector"),
    }
    assert "null" not in json.dumps(parameters)


async def test_who_has_the_document_is_told_that_it_is_the_same(tmp_path: Path) -> None:
    async with served(build_ports(file_url(tmp_path / "ports.db")), "ports") as client:
        first = await client("GET", "/openapi.json")
        again = await client("GET", "/openapi.json", headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status, first.json["openapi"]) == (200, "3.1.0")
    assert (again.status, again.text) == (304, "")


def test_the_list_of_problems_in_the_documents_is_the_one_in_the_code() -> None:
    listed = re.findall(r"^\| `(/problems/[\w-]+)` \| (\d+) \| (.*) \|$", (DOCS / "api.md").read_text(), re.MULTILINE)

    assert listed == [(kind.type, str(kind.status), kind.remedy) for kind in KINDS.values()]


async def test_a_laptop_is_read_again_only_when_it_or_what_is_beside_it_has_changed(tmp_path: Path) -> None:
    async with served(build_laptops(file_url(tmp_path / "laptops.db")), "laptops") as client:
        first = await client("GET", "/laptops/3")
        known = {"If-None-Match": first.headers["ETag"]}
        assert (await client("GET", "/laptops/3", headers=known)).status == 304
        held = await client("PUT", "/laptops/3/reservations/a", json={"quantity": 1})
        assert held.status == 201
        assert (await client("GET", "/laptops/3", headers=known)).json["reserved"] == 1

        change = {"title": "Hartwell Forge 17", "model": "HF17-R9-64-2T", "stock": 9}
        mine = {"If-Match": first.headers["ETag"]}
        assert (await client("PUT", "/laptops/3", json=change, headers=mine)).status == 200, "stock held is no change"
        stale = await client("PUT", "/laptops/3", json=change | {"stock": 5}, headers=mine)
        assert (stale.status, stale.json["type"]) == (412, "/problems/stale")
        gone = await client("DELETE", "/laptops/3", headers=mine)
        assert gone.status == 412
        none = await client("PUT", "/laptops/3", json=change)
        assert (none.status, none.json["type"]) == (428, "/problems/unconditional")
        now = (await client("GET", "/laptops/3")).headers["ETag"]
        assert (await client("PUT", "/laptops/3", json=change, headers={"If-Match": f"W/{now}"})).status == 412
        assert (await client("PUT", "/laptops/3", json=change, headers={"If-Match": '"a", *'})).status == 412
