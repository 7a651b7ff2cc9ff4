"""By way of which proxy an address is reached, if any: what Consul's own command makes of the environment.

``HTTP_PROXY`` is for ``http://``, ``HTTPS_PROXY`` for ``https://``, and what ``NO_PROXY`` names is asked directly, as
this host itself always is. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def proxy_for(url: str, environ: Mapping[str, str]) -> str:
    """The proxy's URL; empty where none is to be used.

    Raises:
        ValueError: when the variable names something else than an ``http://`` proxy.
    """
    place = urlsplit(url)
    # To a program that a web server runs, HTTP_PROXY is a header that a stranger sent.
    names = {"http": () if environ.get("REQUEST_METHOD") else ("HTTP_PROXY", "http_proxy")}
    names["https"] = ("HTTPS_PROXY", "https_proxy")
    name = next((name for name in names.get(place.scheme, ()) if environ.get(name)), "")
    host = (place.hostname or "").rstrip(".")
    if not name or not host or _spared(host, place.port or _PORTS[place.scheme], environ):
        return ""
    said = environ[name].strip()
    if problem := proxy_problem(proxy := said if "://" in said else f"http://{said}"):
        raise ValueError(f"{name}: {problem}, or name Consul's host in NO_PROXY")
    return proxy


def proxy_problem(proxy: str) -> str:
    """What is wrong with a proxy's URL. It may hold a password, so it is not repeated."""
    try:
        place = urlsplit(proxy)
        if place.scheme == "http" and place.hostname and (place.port or 1) > 0:
            return ""
    except ValueError:
        pass
    return "expected http://host:port, the only kind of proxy that is used"


def _spared(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Whether *host* is asked directly."""
    ip = _ip(host)
    if host == "localhost" or (ip is not None and ip.is_loopback):
        return True
    said = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return any(_names(entry.strip().lower(), host.lower(), ip, port) for entry in said.split(","))


def _names(entry: str, host: str, ip: IPv4Address | IPv6Address | None, port: int) -> bool:
    if entry == "*":
        return True
    if ip is not None and "/" in entry:
        with suppress(ValueError):
            return ip in ip_network(entry, strict=False)
    named, only_at = _port_of(entry)
    if not named or (only_at and only_at != str(port)):
        return False
    if ip is not None:
        return _ip(named) == ip
    # A name is for itself and all below it; with a dot before it, for those alone.
    named = named.removeprefix("*")
    return host.endswith(named if named.startswith(".") else f".{named}") or host == named


def _port_of(entry: str) -> tuple[str, str]:
    """An entry taken apart: the name, and the port that it is for."""
    if entry.count(":") > 1 and not entry.startswith("["):  # IPv6 without brackets
        return entry, ""
    name, _, port = entry.rpartition(":")
    if port.isdigit() and name:
        return name.strip("[]"), port
    return entry.strip("[]"), ""


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(text)
    return None
