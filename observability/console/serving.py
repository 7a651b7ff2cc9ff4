"""The console as a process: a service of the mesh like any other, but that it observes itself by its log alone."""

from __future__ import annotations

from typing import Any

import discovery
import observability
from observability.console.app import build
from observability.console.guard import hosts_from_env
from observability.console.settings import ConsoleSettings

# OTLP's own.
PORT = 4318
# All of them are its business. Each costs Consul a connection, of which it allows a host 200 unless told more.
_SERVICES = 128


def configure(**settings: Any) -> discovery.MeshConfig:
    """How it is a member of the mesh; *settings* beat what the environment says.

    Raises:
        ConfigError: when settings make no sense.
    """
    return discovery.MeshConfig.from_env("console", default_port=PORT, max_services=_SERVICES, **settings)


def serve(
    config: discovery.MeshConfig, kept: ConsoleSettings, observe: discovery.Observe = observability.journal
) -> None:
    """Serve until a signal comes."""
    discovery.run(build(kept, hosts=hosts_from_env()), config, observe=observe)
