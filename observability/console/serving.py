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


def serve(**settings: Any) -> None:
    """Serve until a signal comes; *settings* beat what the environment says.

    Raises:
        ConfigError: when settings make no sense.
    """
    config = discovery.MeshConfig.from_env("console", default_port=PORT, max_services=_SERVICES, **settings)
    app = build(ConsoleSettings.from_env(), hosts=hosts_from_env())
    discovery.run(app, config, observe=observability.journal)
