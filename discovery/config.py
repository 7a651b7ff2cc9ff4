"""The settings of one process, frozen and checked when made. Times are seconds.

An argument beats the environment, the environment beats the registry's key-value store, and that beats the
default. Only :class:`LiveSettings` may come from the store; there, ``None`` means "not said here".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlsplit

from discovery.errors import ConfigError
from discovery.model import NOTHING

_NAME_MAX = 63
NO_ENDPOINTS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """What an operator may change while the process runs, by keys below ``mesh/<service>/``.

    ``timeout_s`` bounds a whole call, ``attempt_timeout_s`` the silence within one attempt, ``attempts`` how often
    a call may go on the wire. ``None`` leaves the word to the next source.
    """

    timeout_s: float | None = None
    attempt_timeout_s: float | None = None
    attempts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshConfig:
    """All that a process needs to join the mesh.

    ``host`` and ``port`` are where a server listens (0: any free port); ``advertise`` is the ``host`` or
    ``host:port`` that peers and the registry's checks use, where it differs. ``static`` names endpoints by
    service; with it no registry is asked. ``faults`` lets an operator inject faults through live settings.
    """

    name: str
    host: str = "127.0.0.1"
    port: int = 0
    advertise: str = ""
    instance_id: str = ""
    version: str = ""
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    consul_url: str = "http://127.0.0.1:8500"
    consul_token: str = field(default="", repr=False)
    static: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_ENDPOINTS)

    live: LiveSettings = LiveSettings()
    # Linkerd's outbound connect limit is 1 s as well: longer than any healthy handshake in one region.
    connect_timeout_s: float = 1.0
    # How long a call waits for somebody to be there: a peer that starts beside us is registered within it.
    lookup_timeout_s: float = 2.0
    # Consul's default limit is 200 connections per client address, shared by all processes of a host.
    max_services: int = 64

    check_interval_s: float = 5.0
    check_timeout_s: float = 2.0
    # Consul's least is one minute, and its reaper runs every 30 s.
    deregister_after_s: float = 60.0
    # One watch turn of our callers, with margin; callers that poll need more.
    drain_s: float = 5.0
    # The whole of leaving, drain included; Kubernetes kills after 30 s.
    stop_s: float = 20.0
    faults: bool = False

    def __post_init__(self) -> None:
        problems = [sentence for sentence in _problems(self) if sentence]
        if problems:
            raise ConfigError(*problems)

    @classmethod
    def from_env(
        cls, name: str, environ: Mapping[str, str] = os.environ, *, default_port: int = 0, **arguments: Any
    ) -> Self:
        """Read the ``MESH_*`` and ``CONSUL_HTTP_*`` variables; *arguments* beat them.

        Raises:
            ConfigError: listing every variable that makes no sense, not only the first.
        """
        values: dict[str, Any] = {"port": default_port}
        live: dict[str, Any] = {}
        problems: list[str] = []
        for variable, (setting, parse) in VARIABLES.items():
            if raw := environ.get(variable, "").strip():
                try:
                    (live if setting in _LIVE else values)[setting] = parse(raw)
                except (ValueError, OSError) as exc:
                    shown = "" if setting == "consul_token" else f"={raw!r}"
                    problems.append(f"{variable}{shown}: {exc}")
        config = None
        try:
            if live:
                values["live"] = LiveSettings(**live)
            config = cls(name=name, **{**values, **arguments})
        except ConfigError as exc:
            problems.extend(exc.problems)
        if config is None or problems:
            raise ConfigError(*problems)
        return config


def _problems(config: MeshConfig) -> list[str]:
    def positive(**values: float | None) -> list[str]:
        return [
            f"{key} must be positive, got {value}"
            for key, value in values.items()
            if value is not None and not value > 0
        ]

    live = config.live
    timeout, attempt = live.timeout_s, live.attempt_timeout_s
    return [
        *(
            f"{what} {value!r} is not a name: letters, digits and dashes, at most {_NAME_MAX}"
            for what, value in (("service", config.name), *(("static service", name) for name in config.static))
            if not is_service_name(value)
        ),
        *positive(
            connect_timeout_s=config.connect_timeout_s,
            lookup_timeout_s=config.lookup_timeout_s,
            check_interval_s=config.check_interval_s,
            check_timeout_s=config.check_timeout_s,
            stop_s=config.stop_s,
            timeout_s=timeout,
            attempt_timeout_s=attempt,
            attempts=live.attempts,
            max_services=config.max_services,
        ),
        f"port must be 0 to 65535, got {config.port}" if not 0 <= config.port <= 65535 else "",
        f"drain_s must be 0 or more and below stop_s ({config.stop_s}), got {config.drain_s}"
        if not 0 <= config.drain_s < config.stop_s
        else "",
        f"attempt_timeout_s ({attempt}) is longer than timeout_s ({timeout}): no attempt could last so long"
        if timeout is not None and attempt is not None and attempt > timeout
        else "",
        f"deregister_after_s must be at least 60 (Consul's least), got {config.deregister_after_s}"
        if not config.deregister_after_s >= 60
        else "",
        f"consul_url must be http(s)://host:port, got {config.consul_url!r}"
        if not _is_base_url(config.consul_url)
        else "",
    ]


def is_service_name(name: str) -> bool:
    """One DNS label, since a service is the host of a logical URL: letters, digits, inner dashes."""
    return (
        0 < len(name) <= _NAME_MAX and name.isascii() and name.replace("-", "a").isalnum() and name.strip("-") == name
    )


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _consul_url(raw: str) -> str:
    url = raw if "://" in raw else f"http://{raw}"
    if not _is_base_url(url):
        raise ValueError("expected host:port or http(s)://host:port")
    return url.rstrip("/")


def _seconds(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        raise ValueError("expected a number of seconds") from None


def _integer(raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _switch(raw: str) -> bool:
    try:
        return {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}[raw.lower()]
    except KeyError:
        raise ValueError("expected on or off") from None


def _words(raw: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in raw.split(",") if word.strip())


def _static(raw: str) -> Mapping[str, tuple[str, ...]]:
    """Parse ``ports=127.0.0.1:5001+127.0.0.1:5002,laptops=127.0.0.1:5000``."""
    endpoints: dict[str, tuple[str, ...]] = {}
    for part in _words(raw):
        name, equals, addresses = part.partition("=")
        each = tuple(address.strip() for address in addresses.split("+"))
        if not equals or not all(split_address(address)[1] for address in each):
            raise ValueError(f"expected service=host:port+host:port, got {part!r}")
        endpoints[name.strip()] = each
    return endpoints


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port`` or ``host`` (port 0), with brackets round an IPv6 host.

    Raises:
        ValueError: when it is neither.
    """
    parts = urlsplit(f"//{address}")
    if not parts.hostname or parts.path or parts.query:
        raise ValueError(f"expected host or host:port, got {address!r}")
    return parts.hostname, parts.port or 0


def _advertised(raw: str) -> str:
    split_address(raw)
    return raw


_LIVE = frozenset(setting.name for setting in fields(LiveSettings))

# Every variable, the setting it names, and how it is read; docs/settings.md is checked against this table.
VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "MESH_HOST": ("host", str),
    "MESH_PORT": ("port", _integer),
    "MESH_ADVERTISE": ("advertise", _advertised),
    "MESH_INSTANCE_ID": ("instance_id", str),
    "MESH_VERSION": ("version", str),
    "MESH_TAGS": ("tags", _words),
    "MESH_STATIC": ("static", _static),
    "MESH_TIMEOUT_S": ("timeout_s", _seconds),
    "MESH_ATTEMPT_TIMEOUT_S": ("attempt_timeout_s", _seconds),
    "MESH_ATTEMPTS": ("attempts", _integer),
    "MESH_LOOKUP_TIMEOUT_S": ("lookup_timeout_s", _seconds),
    "MESH_DRAIN_S": ("drain_s", _seconds),
    "MESH_STOP_S": ("stop_s", _seconds),
    "MESH_FAULTS": ("faults", _switch),
    "CONSUL_HTTP_ADDR": ("consul_url", _consul_url),
    "CONSUL_HTTP_TOKEN": ("consul_token", str),
    "CONSUL_HTTP_TOKEN_FILE": ("consul_token", lambda path: Path(path).read_text(encoding="utf-8").strip()),
}
