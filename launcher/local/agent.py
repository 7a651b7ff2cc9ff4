"""What the launcher asks of Consul's agent: who of ours is passing; and to forget who did not leave by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from discovery.config import MeshConfig
from discovery.errors import RegistryError
from discovery.registry.access import Access
from discovery.registry.transport import Carrier

# The agent is on this machine, or near: one that takes longer is not well, and is asked again.
_LIMIT_S = 2.0


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
    """The agent that *config* names, over its HTTP API. Every method raises ``RegistryError``."""

    def __init__(self, config: MeshConfig) -> None:
        self.url = config.consul_url
        self._carrier = Carrier(Access(config), margin_s=_LIMIT_S)

    async def __aenter__(self) -> Self:
        await self._carrier.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._carrier.__aexit__(kind, error, trace)

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
        await self._carrier.put(_nothing, f"/v1/agent/service/deregister/{instance}")

    async def put(self, key: str, value: str) -> None:
        """Set a key of the key-value store."""
        await self._carrier.put(_nothing, f"/v1/kv/{key}", data=value)

    async def delete(self, key: str) -> None:
        """Remove a key of the key-value store."""
        await self._carrier.delete(_nothing, f"/v1/kv/{key}")

    async def has_ui(self) -> bool:
        """Whether the agent serves Consul's web pages."""
        try:
            await self._carrier.get(_nothing, "/ui/")
        except RegistryError:
            return False
        return True

    async def _read(self, path: str) -> dict[str, Any]:
        return await self._carrier.get(_document, path)


def _nothing(response: Any) -> None:
    """Of no interest, once it is known to have gone well."""


def _document(response: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(response.content)
    return content
