"""A registry in memory: endpoints from settings, with Consul's manners.

It serves a laptop without Consul, a first step towards one, and tests. A server of this process really registers
here, but nobody asks its check: health stays what it was said to be. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Self

from discovery.errors import ConfigError, FilterRejected, RegistryRejected
from discovery.model import MAINTENANCE_CHECKS, NOTHING, Check, Health, Instance, Source, Target
from discovery.registry.codec import check_id, worst
from discovery.registry.port import Answer, Entry, HttpCheck, Names, Registration, TtlCheck, Values
from discovery.variables import SECURE, split_address

_SAYS_SECURE = MappingProxyType({"secure": "true"})


class StaticRegistry:
    """The *endpoints* are ``host:port`` by service, or ``https://host:port`` where TLS is spoken.

    All can be changed at any time, which wakes who waits for it.

    ::

        registry = discovery.StaticRegistry({"laptops": ["127.0.0.1:8001", "127.0.0.1:8002"]})
        async with discovery.Mesh(MeshConfig(name="report"), registry) as mesh:
            async for view in mesh.watch("laptops"):
                print([instance.address for instance in view.instances])
                break
    """

    def __init__(self, endpoints: Mapping[str, Iterable[str]] = NOTHING) -> None:
        self._instances: dict[str, Instance] = {}
        self._checks: dict[str, HttpCheck | TtlCheck] = {}
        self._values: dict[str, str] = {}
        self._index = 1
        # The index of the last change of each service; under "" that of the settings.
        self._changes: dict[str, int] = {}
        self._changed = asyncio.Event()
        for service, addresses in endpoints.items():
            self.replace(service, (static_instance(service, address) for address in addresses))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def replace(self, service: str, instances: Iterable[Instance]) -> None:
        """From now on, these are all the instances of *service*."""
        for gone in [each.id for each in self._instances.values() if each.service.lower() == service.lower()]:
            del self._instances[gone]
        self._instances |= {each.id: each for each in instances}
        self._change(service)

    def set_values(self, values: Mapping[str, str]) -> None:
        """From now on, these are all the keys, prefixes included."""
        self._values = dict(values)
        self._change("")

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        if target.filter:
            raise FilterRejected("a static registry knows no filters")
        name = target.service.lower()
        await self._until(lambda: self._changes.get(name, 1) > index, wait_s)
        found = (
            each
            for each in self._instances.values()
            if each.service.lower() == name and target.datacenter.lower() in {"", each.datacenter.lower()}
        )
        return Answer(
            index=self._changes.get(name, 1),
            instances=tuple(sorted(found, key=lambda each: each.id)),
            source=Source.STATIC,
        )

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        await self._until(lambda: self._index > index, wait_s)
        tags: dict[str, set[str]] = {}
        for each in self._instances.values():
            tags.setdefault(each.service, set()).update(each.tags)
        return Names(self._index, {service: tuple(sorted(tags[service])) for service in sorted(tags)})

    async def settings(self, prefix: str, *, index: int = 0, wait_s: float = 0.0) -> Values:
        await self._until(lambda: self._changes.get("", 1) > index, wait_s)
        below = {
            key.removeprefix(prefix): value
            for key, value in self._values.items()
            if key.startswith(prefix) and key != prefix
        }
        return Values(self._changes.get("", 1), below)

    async def register(self, registration: Registration) -> None:
        instance, check = registration.instance, registration.check
        passing = isinstance(check, TtlCheck) or check.passing
        fresh = Check(check_id(instance.id), Health.PASSING if passing else Health.CRITICAL)
        self._checks[instance.id] = check
        # A check that is there already keeps its status until it runs, as in Consul.
        self._put(instance, self._own_check(instance.id) or fresh)

    async def deregister(self, instance_id: str) -> None:
        self._checks.pop(instance_id, None)
        if gone := self._instances.pop(instance_id, None):
            self._change(gone.service)

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        if hash:
            await self._until(lambda: self._hash(instance_id) != hash, wait_s)
        if instance := self._instances.get(instance_id):
            return Entry(instance, self._hash(instance_id))
        return None

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        instance = self._instances.get(instance_id)
        return instance.checks if instance else ()

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        if (instance := self._instances.get(instance_id)) is None:
            raise RegistryRejected(f"there is no entry {instance_id!r}: register it (again)")
        mark = f"{MAINTENANCE_CHECKS[0]}:{instance_id}"
        out = () if reason is None else (Check(mark, Health.CRITICAL, "Service Maintenance Mode", reason),)
        checks = (*(each for each in instance.checks if each.id != mark), *out)
        self._instances[instance_id] = replace(instance, checks=checks, health=worst(checks))
        self._change(instance.service)

    async def heartbeat(self, instance_id: str) -> None:
        instance, check = self._instances.get(instance_id), self._checks.get(instance_id)
        if instance is None or not isinstance(check, TtlCheck):
            raise RegistryRejected(f"there is no TTL check for {instance_id!r}: register it (again)")
        self._put(instance, Check(check_id(instance_id), Health.PASSING))

    def _own_check(self, instance_id: str) -> Check | None:
        instance = self._instances.get(instance_id)
        return next((each for each in instance.checks if each.id == check_id(instance_id)), None) if instance else None

    def _put(self, instance: Instance, own: Check) -> None:
        """Put the instance with its own check. Others, such as maintenance, stay as they are."""
        before = self._instances.get(instance.id)
        checks = (own, *(each for each in (before.checks if before else ()) if each.id != own.id))
        after = replace(instance, checks=checks, health=worst(checks))
        self._instances[instance.id] = after
        if before is not None and before.service != after.service:
            self._change(before.service)
        if before != after:  # an equal entry is no news, as with Consul
            self._change(after.service)

    def _hash(self, instance_id: str) -> str:
        """The name of what was registered; health is not part of it."""
        if (instance := self._instances.get(instance_id)) is None:
            return ""
        meta = tuple(sorted(instance.meta.items()))
        content = (instance.service, instance.address, instance.tags, meta, instance.weight, instance.warning_weight)
        return f"{hash(content):x}"

    def _change(self, what: str) -> None:
        self._index += 1
        self._changes[what.lower()] = self._index
        # Who waits is woken by the event he has; whoever waits next gets a fresh one. So no loop is needed here.
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, news: Callable[[], bool], wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not news():
                    await self._changed.wait()


def static_instance(service: str, address: str) -> Instance:
    """The instance behind a ``host:port`` of the settings, or a ``https://host:port``.

    Raises:
        ConfigError: when it is not one.
    """
    bare = address.removeprefix(SECURE)
    try:
        host, port = split_address(bare)
    except ValueError as exc:
        raise ConfigError(f"static endpoint of {service!r}: {exc}") from exc
    if not port:
        raise ConfigError(f"static endpoint of {service!r}: expected host:port, got {address!r}")
    meta = NOTHING if bare == address else _SAYS_SECURE
    return Instance(id=f"{service}-{host}-{port}", service=service, host=host, port=port, meta=meta)
