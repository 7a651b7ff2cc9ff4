"""A proxyless service mesh for Python on HashiCorp Consul: the public API, and nothing else.

A name is loaded when it is first used (PEP 562), since all of it, aiohttp included, takes half a second: a command
that only reads need not wait for what only a server wants.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discovery.call_errors import (
        CallError,
        CallFailed,
        DeadlineExceeded,
        HandshakeRefused,
        Nobody,
        NoInstances,
        Overflow,
        StaleView,
        TooManyServices,
    )
    from discovery.config import MeshConfig
    from discovery.consul_tls import ConsulTls
    from discovery.errors import (
        ConfigError,
        FilterRejected,
        IdentityTaken,
        MeshError,
        Misused,
        RegistryError,
        RegistryRejected,
        RegistryUnavailable,
    )
    from discovery.live_settings import LiveSettings
    from discovery.model import Attempt, Check, Health, Instance, Outcome, Source, Target, View
    from discovery.observer import Observe
    from discovery.registry.static_registry import StaticRegistry
    from discovery.runtime.described import BROKE_OFF
    from discovery.runtime.flight import attempts
    from discovery.runtime.health import READINESS, Readiness
    from discovery.runtime.heartbeat import registered
    from discovery.runtime.mesh import Mesh
    from discovery.runtime.refusal import NotProcessed
    from discovery.runtime.running import run
    from discovery.runtime.said import CallOptions
    from discovery.runtime.server import LEAVING, MESH, Server, serving
    from discovery.runtime.service import Service
    from discovery.runtime.socket_options import SocketOptions
    from discovery.runtime.surroundings import Surroundings
    from discovery.runtime.uninterrupted import uninterrupted
    from discovery.state import state_directory

__all__ = [
    "BROKE_OFF",
    "LEAVING",
    "MESH",
    "READINESS",
    "Attempt",
    "CallError",
    "CallFailed",
    "CallOptions",
    "Check",
    "ConfigError",
    "ConsulTls",
    "DeadlineExceeded",
    "FilterRejected",
    "HandshakeRefused",
    "Health",
    "IdentityTaken",
    "Instance",
    "LiveSettings",
    "Mesh",
    "MeshConfig",
    "MeshError",
    "Misused",
    "NoInstances",
    "Nobody",
    "NotProcessed",
    "Observe",
    "Outcome",
    "Overflow",
    "Readiness",
    "RegistryError",
    "RegistryRejected",
    "RegistryUnavailable",
    "Server",
    "Service",
    "SocketOptions",
    "Source",
    "StaleView",
    "StaticRegistry",
    "Surroundings",
    "Target",
    "TooManyServices",
    "View",
    "attempts",
    "registered",
    "run",
    "serving",
    "state_directory",
    "uninterrupted",
]

_HOME = {
    "BROKE_OFF": "discovery.runtime.described",
    "LEAVING": "discovery.runtime.server",
    "MESH": "discovery.runtime.server",
    "READINESS": "discovery.runtime.health",
    "Attempt": "discovery.model",
    "CallError": "discovery.call_errors",
    "CallFailed": "discovery.call_errors",
    "CallOptions": "discovery.runtime.said",
    "Check": "discovery.model",
    "ConfigError": "discovery.errors",
    "ConsulTls": "discovery.consul_tls",
    "DeadlineExceeded": "discovery.call_errors",
    "FilterRejected": "discovery.errors",
    "HandshakeRefused": "discovery.call_errors",
    "Health": "discovery.model",
    "IdentityTaken": "discovery.errors",
    "Instance": "discovery.model",
    "LiveSettings": "discovery.live_settings",
    "Mesh": "discovery.runtime.mesh",
    "MeshConfig": "discovery.config",
    "MeshError": "discovery.errors",
    "Misused": "discovery.errors",
    "NoInstances": "discovery.call_errors",
    "Nobody": "discovery.call_errors",
    "NotProcessed": "discovery.runtime.refusal",
    "Observe": "discovery.observer",
    "Outcome": "discovery.model",
    "Overflow": "discovery.call_errors",
    "Readiness": "discovery.runtime.health",
    "RegistryError": "discovery.errors",
    "RegistryRejected": "discovery.errors",
    "RegistryUnavailable": "discovery.errors",
    "Server": "discovery.runtime.server",
    "Service": "discovery.runtime.service",
    "SocketOptions": "discovery.runtime.socket_options",
    "Source": "discovery.model",
    "StaleView": "discovery.call_errors",
    "StaticRegistry": "discovery.registry.static_registry",
    "Surroundings": "discovery.runtime.surroundings",
    "Target": "discovery.model",
    "TooManyServices": "discovery.call_errors",
    "View": "discovery.model",
    "attempts": "discovery.runtime.flight",
    "registered": "discovery.runtime.heartbeat",
    "run": "discovery.runtime.running",
    "serving": "discovery.runtime.server",
    "state_directory": "discovery.state",
    "uninterrupted": "discovery.runtime.uninterrupted",
}

if not TYPE_CHECKING:
    # Type checkers must not see this: they would take every misspelt name for one of ours.
    from discovery.lazily import lazily

    __getattr__, __dir__ = lazily(__name__, _HOME)
