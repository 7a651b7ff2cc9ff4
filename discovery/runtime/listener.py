"""The socket at which a server listens: bound first, since its port is part of who we are."""

from __future__ import annotations

import errno
import socket

from discovery.config import MeshConfig
from discovery.errors import ConfigError


def bound(config: MeshConfig) -> socket.socket:
    """Bind without listening: nobody is let in before the application is ready."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        raise cannot_listen(config, error) from error
    listener.setblocking(False)
    return listener


def cannot_listen(config: MeshConfig, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        advice = "set MESH_PORT to another port, or to 0 for any that is free"
        return ConfigError(f"port {config.port} on {config.host} is taken by another process: {advice}")
    return ConfigError(f"cannot listen on {config.host}:{config.port}: {error.strerror or error}")
