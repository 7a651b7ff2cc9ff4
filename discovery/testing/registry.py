"""A registry for tests that can be taken away, given back, and made to answer what it doubts itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from discovery.errors import RegistryError
from discovery.model import NOTHING, Check, Target
from discovery.registry.port import Answer, Entry, Names, Registration, Values
from discovery.registry.static_registry import StaticRegistry


class FakeRegistry(StaticRegistry):
    """A static registry that misbehaves on command, for a mesh that needs no agent.

    ::

        registry = FakeRegistry({"ports": [ports.address]})
        async with discovery.Mesh(discovery.MeshConfig(name="test"), registry) as other:
            await other.get("http://ports/ports")
            registry.fail(discovery.RegistryUnavailable("away"))
            await other.get("http://ports/ports")
    """

    def __init__(self, endpoints: Mapping[str, Iterable[str]] = NOTHING) -> None:
        super().__init__(endpoints)
        self._error = RegistryError()
        self._failing = False
        self._doubt = ""
        self._calls: set[asyncio.Timeout] = set()

    def fail(self, error: RegistryError) -> None:
        """From now on everything raises *error*, what is blocked already included."""
        self._error, self._failing = error, True
        calls, self._calls = self._calls, set()
        for call in calls:
            call.reschedule(0)

    def heal(self) -> None:
        """End what :meth:`fail` began."""
        self._failing = False

    def doubt(self, reason: str) -> None:
        """From now on answers are untrustworthy for this *reason*; an empty one ends that."""
        self._doubt = reason

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        async with self._reachable():
            answer = await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)
            return replace(answer, trustworthy=not self._doubt, doubt=self._doubt)

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        async with self._reachable():
            return await super().names(index=index, wait_s=wait_s)

    async def settings(self, prefix: str, *, index: int = 0, wait_s: float = 0.0) -> Values:
        async with self._reachable():
            return await super().settings(prefix, index=index, wait_s=wait_s)

    async def register(self, registration: Registration) -> None:
        async with self._reachable():
            await super().register(registration)

    async def deregister(self, instance_id: str) -> None:
        async with self._reachable():
            await super().deregister(instance_id)

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        async with self._reachable():
            return await super().entry(instance_id, hash=hash, wait_s=wait_s)

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        async with self._reachable():
            return await super().checks(instance_id)

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        async with self._reachable():
            await super().maintain(instance_id, reason)

    async def heartbeat(self, instance_id: str) -> None:
        async with self._reachable():
            await super().heartbeat(instance_id)

    @asynccontextmanager
    async def _reachable(self) -> AsyncIterator[None]:
        if self._failing:
            raise self._error
        try:
            async with asyncio.timeout(None) as call:
                self._calls.add(call)
                try:
                    yield
                finally:
                    self._calls.discard(call)
        except TimeoutError:  # only fail() gives this block a time
            raise self._error from None
