"""Logical URLs: the host of ``http://ports/ports`` is the name of a service.

One label without a port, other than ``localhost``, is a service; ``ports.service.consul`` and
``ports.service.dc2.consul`` are the long forms, as in Consul's DNS. Everything else is an ordinary URL.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import aiohttp
from yarl import URL

from discovery.model import Target
from discovery.variables import is_service_name

# What no encoding changes, and what a user and a port would show themselves by is not among it.
_PLAIN = re.compile(r"http://([a-z0-9.-]+)(/[A-Za-z0-9/_.~-]*(?:\?[A-Za-z0-9/_.~=&-]*)?)", re.ASCII)

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
    if url.scheme != "http" or url.explicit_port is not None or (host := url.raw_host) is None:
        return None
    match host.lower().split("."):
        case [service] if service != "localhost":
            target = Target(service)
        case [service, "service", "consul"]:
            target = Target(service)
        case [service, "service", datacenter, "consul"]:
            target = Target(service, datacenter)
        case _:
            return None
    if not is_service_name(target.service):
        return None
    return Logical(target, url.raw_path_qs, _credentials(url))


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
        if target is not None and url.scheme == "http":
            return target
        logical = parse(url)
        if logical is None:
            return None
        # A user and a password are one request's.
        return self._learnt(authority, logical.target) if authority == url.raw_host else logical.target

    def _learnt(self, host: str, target: Target) -> Target:
        if len(self._targets) >= _KEPT:
            self._targets.clear()
        self._targets[host] = target
        return target
