"""The socket at which a server listens: bound first, since its port is part of who we are.

One that was handed in, by systemd or by a process that is our parent, says itself where that is.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import replace

from discovery.config import MeshConfig
from discovery.errors import ConfigError


def bound(config: MeshConfig, handed: socket.socket | None) -> tuple[socket.socket, MeshConfig]:
    """Bind without listening: nobody is let in before the application is ready. Returns the settings as they are then.

    Raises:
        ConfigError: when that cannot be, or when peers could not connect to the one *handed* in.
    """
    if handed is None:
        return _bound(config), config
    try:
        return handed, _where(handed, config)
    except BaseException:
        handed.close()
        raise


def _bound(config: MeshConfig) -> socket.socket:
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


def _where(handed: socket.socket, config: MeshConfig) -> MeshConfig:
    name = handed.getsockname()
    if handed.family not in {socket.AF_INET, socket.AF_INET6} or handed.type != socket.SOCK_STREAM:
        raise ConfigError(
            f"peers connect by TCP, and the socket that was handed in is {handed.family.name} at {name!r}"
        )
    if not name[1]:
        raise ConfigError("the socket that was handed in is not bound: nobody could be told where it listens")
    handed.setblocking(False)
    return replace(config, host=name[0], port=name[1])


def cannot_listen(config: MeshConfig, error: OSError) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        advice = "set MESH_PORT to another port, or to 0 for any that is free"
        return ConfigError(f"port {config.port} on {config.host} is taken by another process: {advice}")
    return ConfigError(f"cannot listen on {config.host}:{config.port}: {error.strerror or error}")
