"""The command as its user meets it: words in; text, complaints and an exit code out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from discovery.cli import main as cli
from discovery.devagent import Devagent
from tests.contract.api import Api
from tests.discovery.cli.lying import Liar, lying


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Mesh = Callable[..., Awaitable[Said]]


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """A Consul that the environment names."""
    async with Devagent() as devagent, aiohttp.ClientSession(devagent.url) as session:
        monkeypatch.setenv("CONSUL_HTTP_ADDR", devagent.url)
        yield Api(session)


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch) -> Iterator[Liar]:
    """A Consul that the environment names, and that answers what a test likes."""
    with lying() as server:
        monkeypatch.setenv("CONSUL_HTTP_ADDR", server.url)
        yield server


@pytest.fixture
def mesh(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """Runs a command beside the event loop, where the agent goes on answering."""
    monkeypatch.setenv("NO_PROXY", "*")

    async def run(*words: str) -> Said:
        capfd.readouterr()
        code = await asyncio.to_thread(cli.run, words)
        return Said(code, *capfd.readouterr())

    return run
