"""A registry that a server registers with until it is told to be silent: how a process leaves without a word."""

from __future__ import annotations

from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registration


class SteeredRegistry(ConsulRegistry):
    """Consul, to which a *silent* one says no more who he is, or that he leaves."""

    silent = False

    async def register(self, registration: Registration) -> None:
        if not self.silent:
            await super().register(registration)

    async def deregister(self, instance_id: str) -> None:
        if not self.silent:
            await super().deregister(instance_id)
