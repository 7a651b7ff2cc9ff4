"""What other services expect of one, held against that one alone."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import discovery
from services.accounts.app import SERVICE as ACCOUNTS
from services.accounts.app import build as build_accounts
from services.kit.data.database import file_url
from services.kit.service import Settings
from tests.services.accounts.cheap import CHEAP
from tests.services.catalogue import SERVICES
from tests.services.contract import FOLDER, Callee, lacking, read
from tests.services.support import Client, behind, build, served

FILES = sorted(FOLDER.glob("*.json"))


async def many_laptops(client: Client) -> None:
    """Add so many that there are more than a hundred."""
    for number in range(11, 102):
        added = {"id": number, "title": f"Tarn {number}", "model": "T", "price_cents": 100}
        assert (await client("POST", "/laptops", json=added)).status == 201


# What has to be so before an exchange.
GIVEN = {"more than a hundred laptops": many_laptops}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_service_is_what_its_callers_expect(
    file: Path, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    service = SERVICES[file.stem.rpartition("-")[2]]
    # Whom it asks itself answers what it expects of them.
    neighbours = [other for other in FILES if other.stem.startswith(f"{service.name}-")]

    async with AsyncExitStack() as stack:
        for other in neighbours:
            caller, name = other.stem.split("-")
            callee = Callee(caller, name, *read(other))
            await stack.enter_async_context(behind(registry, callee.name, callee))
        url = file_url(tmp_path / "data.db")
        app = build_accounts(Settings(url), parameters=CHEAP) if service is ACCOUNTS else build(service, url)
        client = await stack.enter_async_context(served(app, service.name, registry))
        for given in {exchange.given: None for exchange in read(file) if exchange.given}:
            await GIVEN[given](client)
        for exchange in read(file):
            options: dict[str, Any] = {} if exchange.body is None else {"json": exchange.body}
            ask = partial(client, exchange.method, exchange.path, headers=exchange.sent, **options)
            async with asyncio.timeout(60):
                # Who has just begun may not have heard yet of those whom it asks, and says so.
                while (answer := await ask()).status == 503 != exchange.status and "Retry-After" in answer.headers:
                    pass

            assert answer.status == exchange.status, exchange.why
            found = json.loads(answer.text) if answer.text else None
            assert list(lacking(exchange.answer, found)) == [], exchange.why
            assert {name: answer.headers.get(name) for name in exchange.headers} == exchange.headers, exchange.why


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
