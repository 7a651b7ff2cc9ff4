"""Fixtures for the tests of the accounts: a place for the data, and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database, file_url
from tests.services.accounts.instance import HOME, Accounts, instance


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where the accounts are kept: every test that asks for it is for both databases."""
    if request.param == "sqlite":
        return file_url(tmp_path / "accounts.db")
    there: URL = request.getfixturevalue("postgresql").database("accounts")
    return there


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def around(clock: FakeClock) -> discovery.Surroundings:
    return discovery.Surroundings(clock=clock)


@pytest.fixture
async def database(url: URL) -> AsyncIterator[Database]:
    async with Database(url, HOME) as database:
        yield database


@pytest.fixture
async def accounts(url: URL, around: discovery.Surroundings) -> AsyncIterator[Accounts]:
    """An instance at which Ada has signed up."""
    async with instance(url, around) as accounts:
        assert (await accounts.sign_up()).status == 201
        yield accounts
