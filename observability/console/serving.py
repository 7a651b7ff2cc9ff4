"""The console as a process: a service of the mesh like any other, but that it observes itself by its log alone.

An image's console is registered, and everybody's. Who starts one at a terminal has it for themselves: in a Consul that
others use, too, it must not be found as the console of all.
"""

from __future__ import annotations

from typing import Any

import discovery
import observability
from observability.console.app import build
from observability.console.guard import hosts_from_env
from observability.console.settings import ConsoleSettings
from observability.console.store.alone import alone

# OTLP's own.
PORT = 4318
# All of them are its business. Each costs Consul a connection, of which it allows a host 200 unless told more.
_SERVICES = 128
# Its predecessor at the same data may still be ending.
_PATIENCE_S = 5.0


def configure(**settings: Any) -> discovery.MeshConfig:
    """How it is a member of the mesh; *settings* beat what the environment says.

    Raises:
        ConfigError: when settings make no sense.
    """
    return discovery.MeshConfig.from_env("console", default_port=PORT, max_services=_SERVICES, **settings)


def serve(config: discovery.MeshConfig, kept: ConsoleSettings) -> None:
    """Serve as everybody's `console`, until a signal comes.

    Raises:
        ConfigError: when another console has the database, and does not end.
    """
    with alone(kept.path, _PATIENCE_S):
        discovery.run(build(kept, hosts=hosts_from_env()), config, observe=observability.journal)


def serve_unregistered(config: discovery.MeshConfig, kept: ConsoleSettings, observe: discovery.Observe) -> None:
    """Serve until a signal comes, for whoever knows the address. Nothing is written to the registry.

    The database is the caller's to have.
    """
    discovery.run(build(kept, hosts=hosts_from_env()), config, observe=observe, register=False)
