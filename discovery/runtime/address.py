"""Logical URLs: the host of ``http://ports/ports`` is the name of a service.

One label without a port, other than ``localhost``, is a service; ``ports.service.consul`` and
``ports.service.dc2.consul`` are the long forms, as in Consul's DNS. ``http://ports:80/`` is the same URL as
``http://ports/`` (RFC 9110, 4.2.3), and ``ws://`` is ``http://`` for whoever asks for a websocket. Everything else is
an ordinary URL: another port, a host with dots in it, be it one at its end (``http://ports./``).

``https://ports/`` is the service by TLS: it goes to those of its instances alone that registered as secure. How the
others are called is up to each of them, so ``http://ports/`` goes by TLS as well where an instance speaks it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import aiohttp
from yarl import URL

from discovery.model import Target
from discovery.variables import is_label, is_own_name, is_service_name

# What no encoding changes, and what a user and a port would show themselves by is not among it.
_PLAIN = re.compile(r"http://([a-z0-9._-]+)(/[A-Za-z0-9/_.~-]*(?:\?[A-Za-z0-9/_.~=&-]*)?)", re.ASCII)

_CLEAR = frozenset({"http", "ws"})
_TLS = frozenset({"https", "wss"})

# A program's logical URLs are few; those with changing paths would else be remembered for ever.
_KEPT = 1024


class Logical(NamedTuple):
    """A logical URL taken apart: whom it is for, the encoded path with its query, and the credentials it carries.

    Those are a value of ``Authorization``; empty where it carries none, as nearly all do.
    """

    target: Target
    path: str
    credentials: str = ""


def parse(url: URL) -> Logical | None:
    """Take a logical URL apart; ``None`` for an ordinary one."""
    if not url.is_default_port() or (host := url.raw_host) is None:
        return None
    match host.lower().split("."):
        case [service] if is_name(service):
            target = Target(service)
        case [service, "service", "consul"]:
            target = Target(service)
        case [service, "service", datacenter, "consul"]:
            target = Target(service, datacenter)
        case _:
            return None
    if not is_label(target.service):
        return None
    if url.scheme in _TLS:
        target = target._replace(secure=True)
    elif url.scheme not in _CLEAR:
        return None
    return Logical(target, url.raw_path_qs, _credentials(url))


def named(target: Target) -> Target:
    """Whom somebody named in words of his own, as this mesh follows him.

    Raises:
        ValueError: when that cannot be the name of a service.
    """
    if not is_service_name(target.service):
        raise ValueError(f"{target.service!r} is not the name of a service")
    return target.canonical


def origin(target: Target) -> str:
    """The beginning of the URLs of a service; a host stands in for a name that can be none (RFC 6761, 6.4)."""
    name, datacenter = target.service, target.datacenter
    if datacenter and is_label(name) and is_label(datacenter):
        return f"http://{name}.service.{datacenter}.consul"
    return f"http://{name if is_own_name(name) else 'service.invalid'}"


def is_name(host: str) -> bool:
    """Whether a *host* alone is the name of a service."""
    return is_label(host) and host.lower() != "localhost"


def _credentials(url: URL) -> str:
    if url.raw_user is None and url.raw_password is None:
        return ""
    # The encoding is the one in which aiohttp sends those of a URL.
    return aiohttp.encode_basic_auth(url.user or "", url.password or "", "latin1")


class Addresses:
    """Takes logical URLs apart, and remembers: that costs more than choosing a peer."""

    def __init__(self) -> None:
        self._known: dict[str | URL, Logical | None] = {}
        self._targets: dict[str, Target] = {}

    def __call__(self, url: str | URL) -> Logical | None:
        try:
            return self._known[url]
        except KeyError:
            pass
        logical = parse(url) if isinstance(url, URL) else self._plain(url) or parse(URL(url))
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[url] = logical
        return logical

    def _plain(self, url: str) -> Logical | None:
        """A URL of a service that is known, with a path that is encoded as it is: nothing of it needs to be parsed."""
        match = _PLAIN.fullmatch(url)
        if match is None or "/." in url:
            return None
        host, path = match.groups()
        target = self._targets.get(host)
        if target is None:
            logical = parse(URL(f"http://{host}/"))
            if logical is None:
                return None
            target = self._learnt(host, logical.target)
        return Logical(target, path)

    def whom(self, url: URL) -> Target | None:
        """Whom a URL is for that is parsed already, whatever its path; ``None`` where that is an ordinary one."""
        authority = url.raw_authority
        target = self._targets.get(authority)
        if target is not None and url.scheme in _CLEAR:
            return target
        logical = parse(url)
        if logical is None:
            return None
        # A user and a password are one request's.
        plain = authority == url.raw_host and url.scheme in _CLEAR
        return self._learnt(authority, logical.target) if plain else logical.target

    def _learnt(self, host: str, target: Target) -> Target:
        if len(self._targets) >= _KEPT:
            self._targets.clear()
        self._targets[host] = target
        return target
