"""The nouns of Consul's catalog, as the devagent keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar


class Status(StrEnum):
    """The state of a check, best first."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of several; who has no check is passing."""
    return max(statuses, key=list(Status).index, default=Status.PASSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A machine with a Consul agent, or one that was only written into the catalog."""

    name: str
    address: str
    id: str = ""
    tagged_addresses: Mapping[str, str] | None = None
    meta: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One registered instance, as it was sent. ``tagged_addresses`` maps a network's name to host and port."""

    id: str
    name: str
    tags: tuple[str, ...] = ()
    address: str = ""
    port: int = 0
    meta: Mapping[str, str] = field(default_factory=dict)
    weight: int = 1
    warning_weight: int = 1
    tagged_addresses: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    enable_tag_override: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The state of one health check; without a service it is about the node."""

    id: str
    name: str
    status: Status
    notes: str = ""
    output: str = ""
    service_id: str = ""
    service_name: str = ""
    service_tags: tuple[str, ...] = ()
    type: str = ""
    interval: str = ""
    timeout: str = ""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """A record in the catalog, with the indexes of the writes that made and last changed it."""

    value: T
    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One instance with all that a health query tells about it; the checks are those of its node, and its own."""

    node: Stored[Node]
    service: Stored[Service]
    checks: tuple[Stored[Check], ...]
