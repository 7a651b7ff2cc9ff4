"""What the launcher asks of Consul's agent: who of ours is passing; and to forget who did not leave by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

# The agent is on this machine, or near: one that takes longer is not well, and is asked again.
_TIMEOUT = aiohttp.ClientTimeout(total=2)


@dataclass(frozen=True, slots=True)
class Found:
    """An instance as the agent knows it."""

    url: str
    health: str

    @property
    def passing(self) -> bool:
        """Whether every check of it passes."""
        return self.health == "passing"


class Agent:
    """Consul's agent, over its HTTP API. Every method raises ``aiohttp.ClientError`` or ``TimeoutError``."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self._headers = {"X-Consul-Token": token} if token else {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(self.url, headers=self._headers, timeout=_TIMEOUT, raise_for_status=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def instances(self) -> Mapping[str, Found]:
        """Every instance registered at this agent, by id."""
        services = await self._read("/v1/agent/services")
        checks = await self._read("/v1/agent/checks")
        worst = dict.fromkeys(services, "passing")
        for check in checks.values():
            instance, status = check.get("ServiceID", ""), check["Status"]
            if instance in worst and status != "passing" and worst[instance] != "critical":
                worst[instance] = status
        return {
            instance: Found(f"http://{entry['Address']}:{entry['Port']}", worst[instance])
            for instance, entry in services.items()
        }

    async def deregister(self, instance: str) -> None:
        """Forget an instance."""
        async with self._session.put(f"/v1/agent/service/deregister/{instance}"):
            pass

    async def put(self, key: str, value: str) -> None:
        """Set a key of the key-value store."""
        async with self._session.put(f"/v1/kv/{key}", data=value):
            pass

    async def delete(self, key: str) -> None:
        """Remove a key of the key-value store."""
        async with self._session.delete(f"/v1/kv/{key}"):
            pass

    async def has_ui(self) -> bool:
        """Whether the agent serves Consul's web pages."""
        async with self._session.get("/ui/", raise_for_status=False) as response:
            return response.status == 200

    async def _read(self, path: str) -> dict[str, Any]:
        async with self._session.get(path) as response:
            content: dict[str, Any] = await response.json()
            return content
