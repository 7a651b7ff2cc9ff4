"""Our entries at the agent, which keeps the token that each came with and writes it to the catalogue with that.

So when there is another token, what is registered is put once more: else the agent would go on with the old one, and
once that is revoked could tell the catalogue neither how we are nor that we left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from discovery.errors import RegistryError
from discovery.registry import codec
from discovery.registry.access import Access
from discovery.registry.connections import Response
from discovery.registry.consul_base import accepted
from discovery.registry.port import Registration
from discovery.registry.transport import Consul


@dataclass(frozen=True, slots=True)
class _Entered:
    registration: Registration
    token: str = field(repr=False)


class Entries:
    """Those that this process has registered."""

    def __init__(self, control: Consul, access: Access) -> None:
        self._control = control
        self._access = access
        self._entered: dict[str, _Entered] = {}
        # Who leaves must not be put back by a renewal that began before.
        self._changing = asyncio.Lock()

    async def register(self, registration: Registration) -> None:
        """Put an entry."""
        async with self._changing:
            await self._put(registration)

    async def deregister(self, instance_id: str) -> None:
        """Take an entry out."""
        async with self._changing:
            entered = self._entered.pop(instance_id, None)
            if entered is not None and entered.token != self._access.token:
                # An old agent tells the catalogue that it left with the token that it came with, which may be revoked.
                with suppress(RegistryError):
                    await self._put(entered.registration)
                self._entered.pop(instance_id, None)
            await self._control.agent.service.deregister(instance_id)

    async def renew(self) -> str:
        """Put again what came with another token than that of now; why that was not possible, if it was not."""
        for instance_id, entered in list(self._entered.items()):
            if entered.token == self._access.token:
                continue
            try:
                async with self._changing:
                    if self._entered.get(instance_id) is entered and await self._is_ours(entered.registration):
                        await self._put(entered.registration)
            except RegistryError as exc:
                return f"the entry {instance_id} still has the token that it came with: {exc}"
        return ""

    async def tried(self) -> str:
        """Ask for something that everybody may know; why there was no answer, if there was none."""
        try:
            await self._control.http.get(_nothing, "/v1/status/leader")
        except RegistryError as exc:
            return str(exc)
        return ""

    async def _put(self, registration: Registration) -> None:
        # Without replace-existing-checks, which would end an operator's maintenance. Our one check has a fixed id.
        body = codec.encode_registration(registration)
        token = self._access.token
        await self._control.http.put(accepted, "/v1/agent/service/register", data=body)
        self._entered[registration.instance.id] = _Entered(registration, token)

    async def _is_ours(self, registration: Registration) -> bool:
        """Whether the agent has it as we put it. What it has lost, or another process took, is the registrar's."""
        instance = registration.instance

        def entry(response: Response) -> bool:
            if response.code == 404:
                return False
            return dict(codec.decode_entry(response.content).instance.meta) == dict(instance.meta)

        return await self._control.http.get(entry, f"/v1/agent/service/{instance.id}")


def _nothing(response: Response) -> None:
    """Of no interest, once it is there."""
