"""What other services expect of one, held against that one alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.kit.data.database import file_url
from services.kit.service import Service
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.services.contract import FOLDER, lacking, read
from tests.services.support import build, served

SERVICES: dict[str, Service] = {service.name: service for service in (LAPTOPS, PORTS, RECOMMENDATIONS)}
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_service_is_what_its_callers_expect(file: Path, tmp_path: Path) -> None:
    service = SERVICES[file.stem.rpartition("-")[2]]

    async with served(build(service, file_url(tmp_path / "data.db")), service.name) as client:
        for exchange in read(file):
            options: dict[str, Any] = {} if exchange.body is None else {"json": exchange.body}
            answer = await client(exchange.method, exchange.path, **options)

            assert answer.status == exchange.status, exchange.why
            found = json.loads(answer.text) if answer.text else None
            assert list(lacking(exchange.answer, found)) == [], exchange.why
            assert exchange.headers.keys() <= {name.title() for name in answer.headers}, exchange.why


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([{"id": 1, "name": "USB-C", "watts": 5, "new": True}], []),
        ([{"id": 1, "name": "USB-C", "watts": None}], []),
        ([{"id": "1", "name": "USB-C", "watts": None}], ["answer[0].id is str, not int"]),
        ([{"id": 1, "watts": None}], ["answer[0].name is missing"]),
        ([{"id": 1, "name": None, "watts": 1}], ["answer[0].name is NoneType, not str"]),
        ([], ["answer is empty"]),
        ({}, ["answer is dict, not list"]),
    ],
)
def test_what_an_answer_lacks_is_told(answer: Any, told: list[str]) -> None:
    assert list(lacking([{"id": 7, "name": "Left", "watts": None}], answer)) == told
