"""Where others reach us, when we listen on every address of this host: a question of routes, not of names.

The kernel knows from which address this host would speak to Consul, and whoever is registered there comes the same
way. It is asked by connecting a datagram socket, which sends nothing. Consul's own default for what it advertises
(go-sockaddr) and Spring Cloud Consul's ``inetutils`` answer the same question.
"""

from __future__ import annotations

import logging
import socket
from asyncio import Future, get_running_loop
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from discovery.clock import Clock
from discovery.config import MeshConfig

logger = logging.getLogger(__name__)

# What each wildcard listens on. Both systems that are supported let IPv4 in at IPv6's.
_FAMILIES: Mapping[str, tuple[AddressFamily, ...]] = {
    "0.0.0.0": (AF_INET,),
    "": (AF_INET,),
    "::": (AF_INET6, AF_INET),
}
_LOOPBACK = {AF_INET: "127.0.0.1", AF_INET6: "::1"}

# Nobody's (RFC 5737, RFC 3849), so the way there is the default route.
_ELSEWHERE = {AF_INET: "198.51.100.1", AF_INET6: "2001:db8::1"}
_DISCARD = 9

# The server does not serve before this is known, and a registry that is away must not hold it up for long.
_RESOLVE_S = 2.0


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """The *host* that others are told; *doubt* is why it may be the wrong one."""

    host: str
    doubt: str = ""

    def tell(self) -> None:
        """Log the doubt, if there is one. The log is set up for who we are, so this comes after the address."""
        if self.doubt:
            logger.warning("we say that we are at %s, since %s: MESH_ADVERTISE can say better", self.host, self.doubt)


async def own_address(config: MeshConfig, clock: Clock) -> OwnAddress:
    """The address that *config* names or, for a wildcard, the one from which this host would speak to Consul.

    That is loopback where Consul is on loopback. When there is no way to Consul now, as when its name is not known
    yet, when it is at a unix socket, or when no registry is asked, it is the address of the default route; without
    one, loopback.
    """
    families = _FAMILIES.get(config.host)
    if families is None or config.advertise:
        return OwnAddress(config.host)
    doubt = ""
    consul = urlsplit(config.consul_url)
    # A socket says nothing about routes: the agent is on this host, or in its neighbour container.
    if not config.static and consul.scheme != "unix":
        name, port = consul.hostname or "", consul.port or _DISCARD
        peers = await _resolved(name, port, clock)
        if host := _first_source(families, peers, port):
            return OwnAddress(host)
        if any(ip_address(peer).is_loopback for _, peer in peers):
            return OwnAddress(_LOOPBACK[families[0]])
        doubt = f"there is no route to {name}" if peers else f"{name} has no address now"
    if host := _first_source(families, _ELSEWHERE.items(), _DISCARD):
        return OwnAddress(host, doubt)
    return OwnAddress(_LOOPBACK[families[0]], doubt or "there is no route out of this host")


async def _resolved(name: str, port: int, clock: Clock) -> list[tuple[AddressFamily, str]]:
    """The addresses of *name*; none when it has none, or when nobody says so in time."""
    with suppress(OSError, UnicodeError, TimeoutError):
        async with clock.timeout(_RESOLVE_S):
            found = await _asked(name, port)
        return [(family, str(address[0])) for family, _, _, _, address in found]
    return []


async def _asked(name: str, port: int) -> list[Any]:
    """Ask the system, in a thread that nobody waits for: the loop's own are waited for by a process that ends."""
    loop = get_running_loop()
    answer: Future[list[Any]] = loop.create_future()

    def answered(found: list[Any] | Exception) -> None:
        if answer.done():
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        try:
            found: list[Any] | Exception = _system(name, port)
        except (OSError, UnicodeError) as error:
            found = error
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(answered, found)

    Thread(target=ask, name="own address", daemon=True).start()
    return await answer


def _system(name: str, port: int) -> list[Any]:
    return socket.getaddrinfo(name, port, type=socket.SOCK_DGRAM)


def _first_source(
    families: Iterable[AddressFamily], peers: Iterable[tuple[AddressFamily, str]], port: int
) -> str | None:
    known = list(peers)
    for wanted in families:
        for family, peer in known:
            if family is wanted and (source := _source(family, peer, port)):
                return source
    return None


def _source(family: AddressFamily, peer: str, port: int) -> str | None:
    """The address from which this host would speak to *peer*, if others can use it."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((peer, port))
            source = str(probe.getsockname()[0])
    except OSError:
        return None
    # Such an address means another host on every link.
    return None if ip_address(source).is_link_local else source
