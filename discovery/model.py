"""The nouns of discovery: immutable, without behaviour that needs a clock or a network.

Times are seconds. A time that ends in ``_at`` was read from the monotonic clock of this process
(:class:`discovery.clock.Clock`) and means nothing in another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

# The node and the id of an instance.
Place = tuple[str, str]

NOTHING: Mapping[str, str] = MappingProxyType({})

# Consul marks an instance or a whole node that an operator took out of service by these check ids.
MAINTENANCE_CHECKS = ("_service_maintenance", "_node_maintenance")


class Health(StrEnum):
    """What the registry's checks say, worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    PASSING = "passing"


@dataclass(frozen=True, slots=True)
class Check:
    """One health check of an instance (or of its node), with its last output.

    The output is left out of comparisons: it changes with every run of the check, and a view that
    differs only in such text is not news.
    """

    id: str
    status: Health
    name: str = field(default="", compare=False)
    output: str = field(default="", compare=False)

    @property
    def maintenance(self) -> bool:
        """Whether it is the mark of an operator who took the instance, or its node, out of service."""
        return self.id.startswith(MAINTENANCE_CHECKS)


# How Spring Cloud Consul and Steeltoe say it, the older of them by a tag.
_SECURE = frozenset({"secure", "secure=true"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One registered process of a service.

    ``weight`` and ``warning_weight`` are Consul's: the share of traffic while passing and while warning.
    """

    id: str
    service: str
    host: str
    port: int
    health: Health = Health.PASSING
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    weight: int = 1
    warning_weight: int = 1
    node: str = ""
    datacenter: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def address(self) -> str:
        """``host:port``, with brackets round an IPv6 host."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether it speaks TLS, by its own word: the tag ``secure``, or ``secure=true`` in its meta."""
        return self.meta.get("secure", "").lower() == "true" or not _SECURE.isdisjoint(self.tags)

    @property
    def origin(self) -> str:
        """The beginning of its URLs: ``http://host:port``, or ``https`` where it is secure."""
        return f"{'https' if self.secure else 'http'}://{self.address}"

    @property
    def place(self) -> Place:
        """What no other instance has: an id is unique within its agent only."""
        return (self.node, self.id)

    @property
    def version(self) -> str:
        """The version that the process gave itself; empty when it gave none."""
        return self.meta.get("version", "")

    @property
    def zone(self) -> str:
        """Where the process says that it is; empty when it does not say."""
        return self.meta.get("zone", "")

    @property
    def maintenance(self) -> bool:
        """Whether an operator took the instance, or its node, out of service."""
        return any(check.maintenance for check in self.checks)


class Target(NamedTuple):
    """Whom a call is for: a service, the datacenter when it is not the agent's own, and which instances when not all.

    The *filter* is an expression of the registry's, such as ``"v2" in Service.Tags``; a *secure* call goes to those
    alone that speak TLS. As text a target is service and datacenter alone: it is a label of metrics, and there may be
    many filters. Failures tell theirs::

        try:
            async with mesh.service("ports", filter='"v9" in Service.Tags').get("/ports", timeout=0.1) as response:
                print(response.status)
        except discovery.NoInstances as error:
            print(error.target == discovery.Target("ports", filter='"v9" in Service.Tags'))

    A tuple, because every call looks its service up by it, and tuples are hashed fastest.
    """

    service: str
    datacenter: str = ""
    filter: str = ""
    secure: bool = False

    @property
    def canonical(self) -> Target:
        """The same in small letters, as in the host of a URL: to Consul ``Ports`` and ``ports`` are one service."""
        return self._replace(service=self.service.lower(), datacenter=self.datacenter.lower())

    def __str__(self) -> str:
        return f"{self.service}.{self.datacenter}" if self.datacenter else self.service


class Source(StrEnum):
    """Where a view came from."""

    REGISTRY = "registry"
    STATIC = "static"
    SNAPSHOT = "snapshot"  # the registry has not answered since this process began; it is what one before it was told


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was known about one service at one moment: all instances, healthy or not, ordered by id.

    ``as_of`` is the monotonic time of the last successful read, changed or not.
    """

    target: Target
    instances: tuple[Instance, ...]
    index: int
    as_of: float
    source: Source = Source.REGISTRY

    def age(self, now: float) -> float:
        """Seconds since the registry last confirmed this view."""
        return max(0.0, now - self.as_of)


@dataclass(frozen=True, slots=True)
class Followed:
    """How a followed service stands. ``view_age_s`` is ``None`` before the registry's first answer.

    ``watch_lag_s``: for how long the registry could not be read, or not be believed; 0 while it can.
    ``in_flight``: how many attempts of this process to it are under way.
    """

    target: Target
    view_age_s: float | None
    watch_lag_s: float
    retry_budget: float
    in_flight: int = 0


class Outcome(StrEnum):
    """What one attempt came to. Only what is *known* about the far side tells them apart."""

    ANSWERED = "answered"  # a status that is an answer, 500 and 404 included
    UNAVAILABLE = "unavailable"  # a status that says "not now": 502, 503, 504, or 429 with Retry-After
    BUSY = "busy"  # refused before it was processed, for want of room
    NACKED = "nacked"  # "I did not process this, try elsewhere"
    UNSENT = "unsent"  # the connection never came about: provably not processed
    UNTRUSTED = "untrusted"  # no TLS that we trust came about, for its certificate or none: provably not processed
    LOST = "lost"  # sent, and the connection broke before an answer
    BROKEN = "broken"  # the head came, and its body broke off
    TIMED_OUT = "timed-out"  # sent, and no answer within the attempt's limit
    CANCELLED = "cancelled"  # the caller went away


class Attempt(NamedTuple):
    """The record of one request on the wire. ``number`` counts from 1; ``duration_s`` is to the headers.

    ``reason`` says why it is a repeat, before which it ``waited_s``; the first has none. The instance was picked out of
    so many ``candidates``, while so many others were ``ejected``. ``pool`` is the worst health that let anybody be a
    candidate: ``critical`` means that the checks are doubted. A ``probe`` was sent to find out whether an ejected
    instance is well again. It ended when its connection was free again.
    """

    number: int
    instance: Instance
    outcome: Outcome
    status: int | None = None
    duration_s: float = 0.0
    error: str = ""
    retry_after_s: float | None = None
    reason: str = ""
    waited_s: float = 0.0
    candidates: int = 1
    pool: Health = Health.PASSING
    ejected: int = 0
    probe: bool = False
    began_at: float = 0.0
    ended_at: float = 0.0

    def __str__(self) -> str:
        """One line for people: ``1. ports-1  127.0.0.1:4001  503  nacked  1.2 ms``; after a repeat, why it was one."""
        words = [f"{self.number}. {self.instance.id}", self.instance.address]
        if self.status is not None:
            words.append(str(self.status))
        if self.outcome is not Outcome.ANSWERED:
            words.append(self.outcome.value)
        words.append(f"{self.duration_s * 1000:.1f} ms")
        if self.error:
            words.append(self.error)
        if self.reason:
            words.append(f"because: {self.reason}, after {self.waited_s * 1000:.0f} ms")
        # What others say of themselves may hold anything.
        return "".join(each if each.isprintable() else repr(each)[1:-1] for each in "  ".join(words))
