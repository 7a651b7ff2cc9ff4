"""What the user's shell says to all processes must make sense before the first of them starts."""

from __future__ import annotations

from collections.abc import Mapping

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from observability import TelemetryConfig


def check_environment(environ: Mapping[str, str]) -> None:
    """Read the settings as a service would; Consul's are not its affair here.

    Raises:
        ConfigError: listing everything that makes no sense.
    """
    problems: list[str] = []
    ours = {name: value for name, value in environ.items() if not name.startswith("CONSUL_")}
    try:
        MeshConfig.from_env("mesh", ours)
    except ConfigError as exc:
        problems.extend(exc.problems)
    try:
        TelemetryConfig.from_env(environ)
    except ConfigError as exc:
        problems.extend(exc.problems)
    if problems:
        raise ConfigError(*problems)
