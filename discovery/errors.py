"""Every exception the mesh raises on purpose.

MeshError
├── ConfigError               the settings make no sense; all that is wrong is listed (also a ValueError)
├── Misused                   a mesh where it is not open: before or after its block, elsewhere (also a RuntimeError)
├── IdentityTaken             another live process is registered under our instance id
├── RegistryError             the registry did not do what it was asked
│   ├── RegistryUnavailable       it could not be reached, or is unwell: try again
│   └── RegistryRejected          it said no (ACL, bad request): asking again will not help
│       └── FilterRejected            ... to the filter of a target
└── CallError                 a call to a peer gave no response (also an aiohttp.ClientError)
    ├── NoInstances               there was nobody to send it to (.reason, .known)
    ├── TooManyServices           this process already follows as many services as it may
    ├── StaleView                 what is known of the service is older than it allows (.age_s)
    ├── Overflow                  too many calls to it are under way, and this one was not sent
    ├── HandshakeRefused          it answered, and opened no websocket (.status; also aiohttp's WSServerHandshakeError)
    └── CallFailed                it was sent, and no attempt brought a response (.attempts)
        └── DeadlineExceeded          ... because time ran out (also a TimeoutError)

A response with a status of 400 or more is an answer, not an error: every door returns it.

The call errors derive from ``aiohttp.ClientError`` so that code written for aiohttp catches them, but not
from ``ServerDisconnectedError`` or ``ClientOSError``, on which aiohttp itself would send the request again. They stand
in :mod:`discovery.call_errors`: whoever makes no call need not wait for aiohttp.
"""

from __future__ import annotations


class MeshError(Exception):
    """The root of all of them."""


class ConfigError(MeshError, ValueError):
    """The settings make no sense. ``problems`` holds one sentence for each thing that is wrong."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Misused(MeshError, RuntimeError):
    """A mesh was used where it is not open; the message says how it is meant."""


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


class FilterRejected(RegistryRejected):
    """The registry cannot read the filter of a target, or knows no filters."""
