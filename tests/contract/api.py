"""Consul's HTTP API without a client library: what was asked, and what came back to the last header."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

# Long enough for a slow machine; who waits as long has missed what he waits for.
PATIENCE_S = 20.0
# What a watcher asks for when a test expects him to be woken.
LONG = "20s"
# What a watcher asks for when a test expects him not to be, and how long he is given to arrive.
SHORT = "1s"
HEAD_START_S = 0.2


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def index(self) -> int:
        return int(self.header("X-Consul-Index"))

    def header(self, name: str) -> str:
        """The value of a header; empty when there is none."""
        return self.headers.get(name, "")


class Api:
    """One agent."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        data = body if isinstance(body, bytes | str | None) else json.dumps(body)
        async with self._session.request(method, path, data=data, params=query, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **query: str) -> Answer:
        return await self.ask("GET", path, **query)

    async def put(self, path: str, body: Any = None, **query: str) -> Answer:
        return await self.ask("PUT", path, body, **query)

    async def done(self, path: str, body: Any = None, **query: str) -> Answer:
        """A PUT that must succeed."""
        answer = await self.put(path, body, **query)
        assert answer.status == 200, answer.text
        return answer

    async def register(self, name: str, **fields: Any) -> str:
        """Register an instance, by default without a check; returns its id."""
        service_id = str(fields.pop("ID", name))
        await self.done("/v1/agent/service/register", {"ID": service_id, "Name": name, **fields})
        return service_id

    async def checks(self, service: str) -> dict[str, Any]:
        """The checks of a service by id, as the catalog has them."""
        answer = await self.get(f"/v1/health/checks/{service}")
        return {check["CheckID"]: check for check in answer.json}

    async def node(self) -> str:
        """The name of the agent's node."""
        return str((await self.get("/v1/agent/self")).json["Config"]["NodeName"])

    async def woken(self, path: str, change: Awaitable[object], **query: str) -> tuple[Answer, Answer]:
        """Block on *path* at its present index until *change* wakes the reader: the answers before and after."""
        before = await self.get(path, **query)
        async with asyncio.timeout(PATIENCE_S / 2), asyncio.TaskGroup() as group:
            reader = group.create_task(self.get(path, **query, index=str(before.index), wait=LONG))
            await change
        return before, reader.result()

    async def undisturbed(self, path: str, change: Awaitable[object], **query: str) -> tuple[Answer, Answer]:
        """Block on *path* at its present index, and see *change* not wake the reader: the answers before and after."""
        before = await self.get(path, **query)
        async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
            reader = group.create_task(self.get(path, **query, index=str(before.index), wait=SHORT))
            # Nobody can see from here that the reader has arrived; one that comes after the change learns of it.
            await asyncio.wait({reader}, timeout=HEAD_START_S)
            await change
            assert not reader.done()
        return before, reader.result()

    async def until_catalogued(self, service: str, instances: int = 1) -> None:
        """Wait until the catalog knows what the agent was told: a real one writes it a moment later."""
        await self._until(service, lambda entries: len(entries) == instances)

    async def until_settled(self, service: str) -> None:
        """Wait until the catalog has the checks of its instances too, so that nothing but a change wakes a reader."""
        told = {
            check["CheckID"]
            for check in (await self.get("/v1/agent/checks")).json.values()
            if check["ServiceName"] == service
        }
        await self._until(
            service,
            lambda entries: (
                bool(entries) and told <= {check["CheckID"] for entry in entries for check in entry["Checks"]}
            ),
        )

    async def _until(self, service: str, holds: Callable[[list[Any]], bool]) -> None:
        index = "0"
        async with asyncio.timeout(PATIENCE_S):
            while not holds((answer := await self.get(f"/v1/health/service/{service}", index=index, wait=LONG)).json):
                index = str(answer.index)
