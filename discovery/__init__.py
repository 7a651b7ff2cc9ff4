"""A proxyless service mesh for Python on HashiCorp Consul: the public API, and nothing else."""

from discovery.config import LiveSettings, MeshConfig
from discovery.errors import (
    CallError,
    CallFailed,
    ConfigError,
    DeadlineExceeded,
    IdentityTaken,
    MeshError,
    Nobody,
    NoInstances,
    RegistryError,
    RegistryRejected,
    RegistryUnavailable,
    TooManyServices,
)
from discovery.model import Attempt, Check, Health, Instance, Outcome, Source, Target, View
from discovery.registry.static_registry import StaticRegistry
from discovery.runtime.client import attempts
from discovery.runtime.health import READINESS, Readiness
from discovery.runtime.heartbeat import registered
from discovery.runtime.mesh import Mesh, Service
from discovery.runtime.running import run
from discovery.runtime.server import MESH, Server, serving
from discovery.runtime.surroundings import Surroundings

__all__ = [
    "MESH",
    "READINESS",
    "Attempt",
    "CallError",
    "CallFailed",
    "Check",
    "ConfigError",
    "DeadlineExceeded",
    "Health",
    "IdentityTaken",
    "Instance",
    "LiveSettings",
    "Mesh",
    "MeshConfig",
    "MeshError",
    "NoInstances",
    "Nobody",
    "Outcome",
    "Readiness",
    "RegistryError",
    "RegistryRejected",
    "RegistryUnavailable",
    "Server",
    "Service",
    "Source",
    "StaticRegistry",
    "Surroundings",
    "Target",
    "TooManyServices",
    "View",
    "attempts",
    "registered",
    "run",
    "serving",
]
