"""The stack, once for all tests of this folder that ask for it.

They are marked ``engine``. Side by side each worker would start a stack of its own, so there they are left
out; ``mesh test --compose`` runs them one after the other.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import click
import pytest
import pytest_asyncio

from discovery.clock import SystemClock
from launcher.stack.engine import Engine, find_engine
from launcher.stack.stack import Stack, new_project

# Seconds: what a test waits for may be an image that is built for the first time.
_TEST_S = 900


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    stacked = [
        item for item in items if Path(__file__).parent in item.path.parents and item.get_closest_marker("engine")
    ]
    for item in stacked:
        item.add_marker(pytest.mark.timeout(_TEST_S))
    if hasattr(config, "workerinput"):
        items[:] = [item for item in items if item not in stacked]


@pytest.fixture(scope="session")
def family() -> str:
    """What the names of all projects begin with, by which ``mesh test --compose`` finds what is left of them."""
    return os.environ.get("MESH_STACK") or new_project(Random())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine() -> Engine:
    # A page that comes late on a busy machine is no shop that is away.
    return await find_engine({"GATEWAY_PAGE_S": "10", **os.environ}, SystemClock())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(engine: Engine, family: str, pytestconfig: pytest.Config) -> AsyncIterator[Stack]:
    """The whole stack with one open Consul, healthy. A test leaves it as it found it."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def tell(sentence: str) -> None:
        # It takes a while, and somebody watches.
        with capture.global_and_fixture_disabled():
            click.echo(f"\n{sentence}", err=True)

    async with Stack(engine, f"{family}-plain", tell=tell) as stack:
        await stack.build()
        await stack.up()
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
