"""Every exception the mesh raises on purpose.

MeshError
├── ConfigError               the settings make no sense; all that is wrong is listed (also a ValueError)
├── IdentityTaken             another live process is registered under our instance id
├── RegistryError             the registry did not do what it was asked
│   ├── RegistryUnavailable       it could not be reached, or is unwell: try again
│   └── RegistryRejected          it said no (ACL, bad request): asking again will not help
└── CallError                 a call to a peer gave no response (also an aiohttp.ClientError)
    ├── NoInstances               there was nobody to send it to (.reason, .known)
    ├── TooManyServices           this process already follows as many services as it may
    └── CallFailed                it was sent, and no attempt brought a response (.attempts)
        └── DeadlineExceeded          ... because time ran out (also a TimeoutError)

A response with a status of 400 or more is an answer, not an error: every door returns it.

The call errors derive from ``aiohttp.ClientError`` so that code written for aiohttp catches them, but not
from ``ServerDisconnectedError`` or ``ClientOSError``, on which aiohttp itself would send the request again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import aiohttp

from discovery.model import Attempt, Target

_NAMES_SHOWN = 12


class MeshError(Exception):
    """The root of all of them."""


class ConfigError(MeshError, ValueError):
    """The settings make no sense. ``problems`` holds one sentence for each thing that is wrong."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class IdentityTaken(MeshError):
    """Another live process is registered under our instance id, so neither may fight for it."""

    def __init__(self, instance_id: str, address: str) -> None:
        super().__init__(
            f"the instance id {instance_id!r} belongs to a live process at {address}: "
            "stop that one, or set MESH_INSTANCE_ID to an id of our own"
        )
        self.instance_id = instance_id
        self.address = address


class RegistryError(MeshError):
    """The registry did not do what it was asked."""


class RegistryUnavailable(RegistryError):
    """The registry could not be reached, or is unwell (5xx, 429, no leader). Trying again makes sense."""


class RegistryRejected(RegistryError):
    """The registry refused (ACL, malformed request). Trying the same again does not help."""


class CallError(MeshError, aiohttp.ClientError):
    """A call to a peer gave no response; ``attempts`` says what each attempt came to, if there was one."""

    attempts: tuple[Attempt, ...] = ()

    def __init__(self, target: Target, message: str) -> None:
        super().__init__(message)
        self.target = target


class Nobody(StrEnum):
    """Why there was nobody to send a call to."""

    UNKNOWN = "unknown"  # no such service is registered
    UNHEALTHY = "unhealthy"  # instances exist, none may be chosen
    UNREAD = "unread"  # the registry has not told us yet


class NoInstances(CallError):
    """There was nobody to send the call to, after a bounded wait. ``known`` names the services that exist."""

    def __init__(self, target: Target, reason: Nobody, known: Iterable[str] = (), detail: str = "") -> None:
        self.reason = reason
        self.known = tuple(sorted(known))
        names = ", ".join(self.known[:_NAMES_SHOWN]) or "none"
        if len(self.known) > _NAMES_SHOWN:
            names += f", and {len(self.known) - _NAMES_SHOWN} more"
        said = {
            Nobody.UNKNOWN: f"no service {str(target)!r} is registered; known services: {names}",
            Nobody.UNHEALTHY: f"no instance of {str(target)!r} can take a request",
            Nobody.UNREAD: f"the registry has not told us about {str(target)!r} yet",
        }[reason]
        super().__init__(target, f"{said} ({detail})" if detail else said)


class TooManyServices(CallError):
    """This process already follows as many services as it may; each costs the registry an open connection."""


class CallFailed(CallError):
    """The call was sent and no attempt brought a response; ``attempts`` says what each came to."""

    def __init__(self, target: Target, message: str, attempts: tuple[Attempt, ...]) -> None:
        tried = "; ".join(
            f"{a.number}. {a.instance.id}: {a.outcome.value}{f' ({a.error})' if a.error else ''}" for a in attempts
        )
        super().__init__(target, f"{message}: {tried}" if tried else message)
        self.attempts = attempts


class DeadlineExceeded(CallFailed, TimeoutError):
    """Time ran out before any attempt brought a response."""
