"""Consul as a registry.

Three pools, one for each purpose, so that a hundred idle watches cannot hold up a heartbeat. python-consul2's own
methods are used where they can say what we need; its register knows no weights, and its reads drop every header
but the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from contextvars import Context
from types import TracebackType
from typing import NoReturn, Self, TypeVar

from discovery.clock import Clock, SystemClock
from discovery.config import MeshConfig
from discovery.errors import RegistryRejected
from discovery.model import Check, Target
from discovery.registry import codec, own_checks
from discovery.registry.access import Access
from discovery.registry.connections import Response
from discovery.registry.entries import Entries
from discovery.registry.port import Answer, Entry, Names, Registration, Values
from discovery.registry.renewal import keep_fresh
from discovery.registry.roster import Roster
from discovery.registry.transport import Carrier, Consul
from discovery.variables import is_service_name

T = TypeVar("T")

# Calls about ourselves are few and one after the other; a second connection lets a farewell pass a slow heartbeat.
_CONTROL_CONNECTIONS = 2
# Short reads: enough for several services at once, few enough for the agent's limit per client address.
_LOOKUP_CONNECTIONS = 4


class ConsulRegistry:
    """The agent at ``config.consul_url``. Blocking reads are as many as the caller starts."""

    def __init__(self, config: MeshConfig, clock: Clock | None = None) -> None:
        self._access = Access(config)
        self._clock = clock or SystemClock()
        self._control = Consul(Carrier(self._access, connections=_CONTROL_CONNECTIONS))
        self._lookup = Consul(Carrier(self._access, connections=_LOOKUP_CONNECTIONS))
        self._watch = Consul(Carrier(self._access))
        self._default = [("dc", config.consul_datacenter)] if config.consul_datacenter else []
        self._entries = Entries(self._control, self._access)
        self._rosters: dict[Target, Roster] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for client in (self._control, self._lookup, self._watch):
            await self._stack.enter_async_context(client.http)
        if self._access.changes:
            keep = keep_fresh(self._access, self._entries, self._clock)
            # In an empty context: begun inside a request, it would else carry that request's deadline for ever.
            keeping = asyncio.create_task(keep, name="renewal", context=Context())
            self._stack.push_async_callback(_ended, keeping)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        if not is_service_name(target.service):
            # A registry takes such names all the same, but in a path they would ask for something else.
            raise RegistryRejected(f"Consul cannot be asked for a service of the name {target.service!r}")
        roster = self._rosters.get(target) or Roster()

        def answer(response: Response) -> Answer:
            doubt = codec.doubt_of(
                response.headers, blocking=bool(index) and wait_s > 0, anonymous=not self._access.token
            )
            return Answer(
                index=codec.index_of(response.headers),
                instances=roster.decode(response.content),
                trustworthy=not doubt,
                doubt=doubt,
            )

        params = [("consistent", "1")] if consistent else []
        # Our own entry is where the agent is, and is looked for there.
        if target.datacenter:
            params.append(("dc", target.datacenter))
        elif target.service != self._access.service:
            params += self._default
        if target.filter:
            params.append(("filter", target.filter))
        read = await self._read(answer, f"/v1/health/service/{target.service}", params, ("index", index), wait_s)
        # Nobody is followed for ever who has no instances, so what is remembered is as bounded as what is followed.
        if read.instances:
            self._rosters[target] = roster
        else:
            self._rosters.pop(target, None)
        return read

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        def names(response: Response) -> Names:
            return Names(codec.index_of(response.headers), codec.decode_names(response.content))

        return await self._read(names, "/v1/catalog/services", self._default, ("index", index), wait_s)

    async def settings(self, prefix: str, *, index: int = 0, wait_s: float = 0.0) -> Values:
        def values(response: Response) -> Values:
            # Without this, settings that exist would quietly have no effect.
            if codec.is_filtered(response.headers):
                raise RegistryRejected(
                    f'the token may not see them: it needs key_prefix "{prefix}" {{ policy = "read" }}'
                )
            found = {} if response.code == 404 else codec.decode_values(response.content, prefix)
            return Values(codec.index_of(response.headers), found)

        return await self._read(
            values, f"/v1/kv/{prefix}", [("recurse", "1"), *self._default], ("index", index), wait_s
        )

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        def entry(response: Response) -> Entry | None:
            return None if response.code == 404 else codec.decode_entry(response.content)

        return await self._read(entry, f"/v1/agent/service/{instance_id}", [], ("hash", hash), wait_s)

    async def register(self, registration: Registration) -> None:
        await self._entries.register(registration)

    async def deregister(self, instance_id: str) -> None:
        await self._entries.deregister(instance_id)

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        def checks(response: Response) -> tuple[Check, ...]:
            return own_checks.decode(response.content, instance_id)

        return await self._lookup.http.get(checks, "/v1/agent/checks")

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        enable = "false" if reason is None else "true"
        if not await self._control.agent.service.maintenance(instance_id, enable, reason):
            raise RegistryRejected(f"the agent has no entry {instance_id!r}: register it (again)")

    async def heartbeat(self, instance_id: str) -> None:
        if not await self._control.agent.check.ttl_pass(codec.check_id(instance_id)):
            raise RegistryRejected(f"the agent has no TTL check for {instance_id!r}: register it (again)")

    async def _read(
        self,
        parse: Callable[[Response], T],
        path: str,
        params: list[tuple[str, str]],
        known: tuple[str, int | str],
        wait_s: float,
    ) -> T:
        """Read; where something is *known* already, an index or a hash, wait for something else."""
        name, value = known
        if not value or wait_s <= 0:
            return await self._lookup.http.get(parse, path, params)
        blocking = [*params, (name, str(value)), ("wait", codec.duration(wait_s))]
        return await self._watch.http.get(parse, path, blocking, wait_s=wait_s)


async def _ended(task: asyncio.Task[NoReturn]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
