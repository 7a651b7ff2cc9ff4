"""What we ask of a registry, and nothing more.

Three narrow ports, one for each room that asks: who is there (:class:`Lookup`), our own entry
(:class:`Enrolment`), live settings (:class:`SettingsSource`). A :class:`Registry` is all three with a lifetime.

Every method raises :class:`~discovery.errors.RegistryUnavailable` when trying again makes sense and
:class:`~discovery.errors.RegistryRejected` when it does not, and nothing else on purpose.

Reads with an ``index`` block: they return when something newer than that index is there or after ``wait_s``
(plus up to a sixteenth, the registry's jitter), with or without news. Index 0 answers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from discovery.model import Check, Instance, Source, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Who is there, with what is needed to judge the answer.

    ``trustworthy`` is False when the registry itself says that the answer may be incomplete: no known leader,
    results hidden by ACLs, or an anonymous reader where the default policy is to deny.
    """

    index: int
    instances: tuple[Instance, ...]
    trustworthy: bool = True
    doubt: str = ""
    source: Source = Source.REGISTRY


@dataclass(frozen=True, slots=True)
class Names:
    """All service names with their tags."""

    index: int
    services: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Values:
    """All keys below a prefix, with the prefix taken off."""

    index: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheck:
    """The registry asks us. ``passing`` registers the check as already passing: we have just proved it.

    A check that is there already keeps its status until it is run, whatever we say.
    """

    url: str
    interval_s: float
    timeout_s: float
    deregister_after_s: float
    passing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TtlCheck:
    """We tell the registry: silence for ``ttl_s`` is critical."""

    ttl_s: float
    deregister_after_s: float


@dataclass(frozen=True, slots=True)
class Registration:
    """An entry as we want it. The instance's meta holds all that tells one generation of it from another."""

    instance: Instance
    check: HttpCheck | TtlCheck


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the agent has it; ``hash`` names this content for the next blocking read."""

    instance: Instance
    hash: str


class Lookup(Protocol):
    """Who is there."""

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        """All instances of a service that its filter lets pass, whatever their health. ``consistent`` asks a quorum.

        Raises:
            FilterRejected: where the registry cannot read the filter, or knows none.
        """
        ...

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        """All services by name."""
        ...


class Enrolment(Protocol):
    """Our own entry, at the agent that runs our check."""

    async def register(self, registration: Registration) -> None:
        """Put the entry; what was there under the id, its check included, is replaced.

        An operator's maintenance stays: it is a check of its own.
        """
        ...

    async def deregister(self, instance_id: str) -> None:
        """Take the entry out; one that is gone already is no error."""
        ...

    async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
        """The entry, or None. With a *hash*, blocks until the content differs from it or *wait_s* is over."""
        ...

    async def checks(self, instance_id: str) -> tuple[Check, ...]:
        """The checks of the entry as the agent has them: with what they said last, which others see minutes later.

        Maintenance is one of them, and says its reason.
        """
        ...

    async def maintain(self, instance_id: str, reason: str | None) -> None:
        """Take the instance out of service for a *reason*, or with ``None`` back; twice is no error.

        Raises:
            RegistryRejected: when there is no such entry.
        """
        ...

    async def heartbeat(self, instance_id: str) -> None:
        """Keep the TTL check of the entry passing. Raises RegistryRejected when the entry or check is gone."""
        ...


class SettingsSource(Protocol):
    """Live settings."""

    async def settings(self, prefix: str, *, index: int = 0, wait_s: float = 0.0) -> Values:
        """All keys below *prefix*."""
        ...


class Registry(Lookup, Enrolment, SettingsSource, Protocol):
    """A registry, with a lifetime. Constructors only remember: the connections belong to the block."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
