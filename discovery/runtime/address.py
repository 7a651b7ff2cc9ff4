"""Logical URLs: the host of ``http://ports/ports`` is the name of a service.

One label without a port, other than ``localhost``, is a service; ``ports.service.consul`` and
``ports.service.dc2.consul`` are the long forms, as in Consul's DNS. Everything else is an ordinary URL.
"""

from __future__ import annotations

from dataclasses import dataclass

from yarl import URL

from discovery.model import Target
from discovery.variables import is_service_name

# A program's logical URLs are few; those with changing paths would else be remembered for ever.
_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical URL taken apart: whom it is for, and the encoded path with its query."""

    target: Target
    path: str


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
    return Logical(target, url.raw_path_qs) if is_service_name(target.service) else None


class Addresses:
    """Remembers the logical URLs it has seen as text, since taking one apart costs more than choosing a peer."""

    def __init__(self) -> None:
        self._known: dict[str, Logical | None] = {}

    def __call__(self, url: str | URL) -> Logical | None:
        if isinstance(url, URL):
            return parse(url)
        try:
            return self._known[url]
        except KeyError:
            if len(self._known) >= _KEPT:
                self._known.clear()
            logical = self._known[url] = parse(URL(url))
            return logical
