"""The environment variables that set up a process: each one's name, the setting it is for, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from ipaddress import IPv6Address
from pathlib import Path
from socket import inet_aton
from typing import Any, Literal
from urllib.parse import urlsplit

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,253}[a-z0-9_])?", re.ASCII | re.IGNORECASE)
# Before the address of an endpoint that speaks TLS.
SECURE = "https://"
# Consul's own are 36 characters long; an identity provider's may be a few thousand.
_TOKEN_MAX = 64 * 1024
_ON, _OFF = ("1", "t", "true", "on"), ("0", "f", "false", "off")
_SWITCH = dict.fromkeys(_ON, True) | dict.fromkeys(_OFF, False)
_ADVERTISED = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+(%[\w.-]+)?\])(:[0-9]+)?")


def is_label(name: str) -> bool:
    """Whether a name can be the host of a logical URL: letters, digits, underscores and inner dashes, at most 63."""
    return _LABEL.fullmatch(name) is not None


def is_own_name(name: str) -> bool:
    """Whether a process may go by that *name*: it is part of an instance's id, of a path and of keys."""
    return _NAME.fullmatch(name) is not None


def is_service_name(name: str) -> bool:
    """Whether the registry can be asked for a service of that *name*: nearly all, but for what is no part of a path."""
    return name.isprintable() and {"", ".", ".."}.isdisjoint(name.split("/"))


def is_base_url(url: str) -> bool:
    """Whether *url* is an http(s) address, with or without a path."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_consul_url(url: str) -> bool:
    """Whether Consul may be at *url*: an http(s) address, or a socket of this host, ``unix:///path``."""
    return (url.startswith("unix:///") and len(url.rstrip("/")) > len("unix:///")) or is_base_url(url)


def consul_url(raw: str) -> str:
    """The URL of the Consul at *raw*, which may be without ``http://``.

    Raises:
        ValueError: when it is none.
    """
    url = raw if "://" in raw else f"http://{raw}"
    if not is_consul_url(url):
        raise ValueError("expected host:port, http(s)://host:port or unix:///path")
    return url.rstrip("/")


def token_problem(token: str) -> str:
    """What is wrong with a token; it is not repeated."""
    if not token.isascii() or not token.isprintable() or " " in token:
        return "that is no token: printable characters without spaces"
    return ""


def read_token(path: str) -> str:
    """The token in a file; empty when that is empty.

    Raises:
        OSError, ValueError: when there is none to be had.
    """
    if Path(path).is_fifo():
        raise ValueError("that is a pipe, and can be read only once: name a file")
    with Path(path).open(encoding="utf-8") as file:
        token = file.read(_TOKEN_MAX).strip()
    if problem := token_problem(token):
        raise ValueError(problem)
    return token


def _token(raw: str) -> str:
    if problem := token_problem(raw):
        raise ValueError(problem)
    return raw


def _token_file(raw: str) -> str:
    read_token(raw)
    return raw


def _server_name(raw: str) -> str:
    """A host's name; a port after it means nothing, as to Consul's own client."""
    return split_address(raw)[0]


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


def limit(raw: str) -> int | Literal["adaptive"]:
    """How many requests a server works on at once.

    Raises:
        ValueError: when it is neither a whole number nor ``adaptive``.
    """
    if raw == "adaptive":
        return "adaptive"
    try:
        return int(raw)
    except ValueError:
        # Python would quote it, and operators put secrets under the wrong key.
        raise ValueError("expected a whole number, or adaptive") from None


def _switch(raw: str) -> bool:
    try:
        return _SWITCH[raw.lower()]
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
        if not equals or not all(split_address(address.removeprefix(SECURE))[1] for address in each):
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


def advertised(raw: str) -> str:
    """Give *raw* back, an address that others are to be told.

    Raises:
        ValueError: when nobody could be reached there.
    """
    host, _ = split_address(raw)
    if not _ADVERTISED.fullmatch(raw):
        raise ValueError("expected host, host:port or [IPv6]:port")
    if _is_wildcard(host):
        raise ValueError("that is where one listens, and nobody is reached there")
    return raw


def _is_wildcard(host: str) -> bool:
    with suppress(OSError):
        return inet_aton(host) == bytes(4)  # it knows the short forms, too: 0 is 0.0.0.0
    with suppress(ValueError):
        address = IPv6Address(host)
        return (address.ipv4_mapped or address).is_unspecified
    return False


# Every variable, the setting it names, and how it is read; docs/settings.md is checked against this table.
VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "MESH_HOST": ("host", str),
    "MESH_PORT": ("port", _integer),
    "MESH_ADVERTISE": ("advertise", advertised),
    "MESH_INSTANCE_ID": ("instance_id", str),
    "MESH_VERSION": ("version", str),
    "MESH_ZONE": ("zone", str),
    "MESH_TAGS": ("tags", _words),
    "MESH_WEIGHT": ("weight", _integer),
    "MESH_WARNING_WEIGHT": ("warning_weight", _integer),
    "MESH_STATIC": ("static", _static),
    "MESH_ALLOW": ("allow", _words),
    "MESH_TLS_CERT": ("tls_cert", str),
    "MESH_TLS_KEY": ("tls_key", str),
    "MESH_TLS_CA": ("tls_ca", str),
    "MESH_TLS_NAME": ("tls_name", str),
    "MESH_TIMEOUT_S": ("timeout_s", _seconds),
    "MESH_ATTEMPT_TIMEOUT_S": ("attempt_timeout_s", _seconds),
    "MESH_ATTEMPTS": ("attempts", _integer),
    "MESH_CONCURRENCY": ("concurrency", _integer),
    "MESH_LOOKUP_TIMEOUT_S": ("lookup_timeout_s", _seconds),
    "MESH_DRAIN_S": ("drain_s", _seconds),
    "MESH_STOP_S": ("stop_s", _seconds),
    "MESH_LIMIT": ("limit", limit),
    "MESH_CLIENT_MAX_SIZE": ("client_max_size", _integer),
    "MESH_MAX_LINE_SIZE": ("max_line_size", _integer),
    "MESH_MAX_FIELD_SIZE": ("max_field_size", _integer),
    "MESH_MAX_CONNECTIONS": ("max_connections", _integer),
    "MESH_BACKLOG": ("backlog", _integer),
    "MESH_SNAPSHOT": ("snapshot", str),
    "MESH_SNAPSHOT_MAX_AGE_S": ("snapshot_max_age_s", _seconds),
    "MESH_FAULTS": ("faults", _switch),
    "CONSUL_HTTP_ADDR": ("consul_url", consul_url),
    "CONSUL_HTTP_TOKEN": ("consul_token", _token),
    "CONSUL_HTTP_TOKEN_FILE": ("consul_token_file", _token_file),
    "CONSUL_HTTP_SSL": ("consul_ssl", _switch),
    "CONSUL_HTTP_SSL_VERIFY": ("verify", _switch),
    "CONSUL_CACERT": ("ca_file", str),
    "CONSUL_CAPATH": ("ca_path", str),
    "CONSUL_CLIENT_CERT": ("client_cert", str),
    "CONSUL_CLIENT_KEY": ("client_key", str),
    "CONSUL_TLS_SERVER_NAME": ("server_name", _server_name),
    "CONSUL_NAMESPACE": ("consul_namespace", str),
    "CONSUL_PARTITION": ("consul_partition", str),
    "CONSUL_DATACENTER": ("consul_datacenter", str),
}

# Of names with a letter too few, one too many, or without their unit. Other packages have variables of their own.
_ALIKE = 0.88


def misspelt(environ: Iterable[str]) -> Mapping[str, str]:
    """The variables in *environ* that mean nothing, though one of ours has nearly the same name; with that name."""
    strange = [name for name in environ if name.startswith("MESH_") and name not in VARIABLES]
    return {name: close[0] for name in strange if (close := get_close_matches(name, VARIABLES, 1, _ALIKE))}
