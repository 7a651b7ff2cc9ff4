"""One agent: what it knows, and the commands that change it. Every command wakes those who wait for news."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from ipaddress import ip_address
from random import Random
from types import TracebackType
from typing import NoReturn, Self

from discovery.clock import Clock
from discovery.devagent.blocking import Changes, Patience
from discovery.devagent.catalog import Catalog, Counter
from discovery.devagent.checks import Runners, cut
from discovery.devagent.definitions import CheckDefinition
from discovery.devagent.events import Events
from discovery.devagent.keyvalues import KeyValues
from discovery.devagent.local import Local
from discovery.devagent.records import Node, Service, Status
from discovery.devagent.tasks import end

# The Consul whose manners these are.
VERSION = "1.19.2"

# Consul compares the agent with the catalog once a minute in a small cluster, and reaps every half.
_RECONCILE_EVERY_S = 60.0
_REAP_EVERY_S = 30.0


class Agent:
    """A Consul agent and server in one, as ``consul agent -dev`` is."""

    def __init__(self, name: str, server: str, clock: Clock, rng: Random) -> None:
        """*server* is the ``host:port`` of the API, which is all that others could reach."""
        self.server = server
        address = server.rpartition(":")[0].strip("[]")
        version = ip_address(address).version
        self.node = Node(
            name=name,
            address=address,
            id=str(uuid.UUID(int=rng.getrandbits(128))),
            tagged_addresses=dict.fromkeys(("lan", f"lan_ipv{version}", "wan", f"wan_ipv{version}"), address),
            meta={"consul-network-segment": "", "consul-version": VERSION},
        )
        self._clock = clock
        self._changes = Changes()
        self.patience = Patience(self._changes, clock, rng)
        # A server has written a few things of its own before the first client comes; index 0 means "no index".
        counter = Counter(last=10)
        self.catalog = Catalog(counter)
        self.pairs = KeyValues(counter)
        self.events = Events(rng)
        self.local = Local(self.node, self.catalog, rng)
        self.local.reconcile(clock.now())
        self._runners = Runners(clock, rng, self.report)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._runners)
            for loop in (self._reap(), self._reconcile()):
                stack.push_async_callback(end, [asyncio.get_running_loop().create_task(loop)])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def announce(self) -> None:
        """Tell those who wait that something changed."""
        self._changes.announce()

    def register(self, service: Service, checks: Sequence[CheckDefinition], *, replace_checks: bool) -> None:
        self.local.put_service(service)
        if replace_checks:
            kept = {check.id for check in checks}
            for check in [check for check in self.local.checks_of(service.id) if check.id not in kept]:
                self._remove_check(check.id)
        for definition in checks:
            self.local.put_check(definition, service.id)
            self._runners.start(definition)
        self.announce()

    def deregister(self, service_id: str) -> None:
        self._runners.stop(self.local.remove_service(service_id))
        self.announce()

    def register_check(self, definition: CheckDefinition, service_id: str) -> None:
        self.local.put_check(definition, service_id)
        self._runners.start(definition)
        self.announce()

    def deregister_check(self, check_id: str) -> None:
        self._remove_check(check_id)
        self.announce()

    def report(self, check_id: str, status: Status, output: str) -> None:
        """Take the result of a check."""
        if self.local.report(check_id, status, output, self._clock.now()):
            self.announce()

    def hear(self, check_id: str, status: Status, output: str) -> bool:
        """Take word for a TTL check; tells whether there is one of that id."""
        kept = cut(output)
        if not self._runners.hear(check_id, kept):
            return False
        self.report(check_id, status, kept)
        return True

    def set_maintenance(self, service_id: str, reason: str, *, enabled: bool) -> None:
        self.local.set_maintenance(service_id, reason, enabled=enabled)
        self.announce()

    def forget(self) -> None:
        """Run nothing any more, as an agent that was started again without its data."""
        for service_id in list(self.local.services):
            self._runners.stop(self.local.remove_service(service_id))
        for check_id in list(self.local.checks):
            self._remove_check(check_id)
        self.announce()

    def _remove_check(self, check_id: str) -> None:
        self._runners.stop([check_id])
        self.local.remove_check(check_id)

    async def _reap(self) -> NoReturn:
        while True:
            await self._clock.sleep(_REAP_EVERY_S)
            for service_id in self.local.overdue(self._clock.now()):
                self.deregister(service_id)

    async def _reconcile(self) -> NoReturn:
        while True:
            await self._clock.sleep(_RECONCILE_EVERY_S)
            self.local.reconcile(self._clock.now())
            self.announce()
