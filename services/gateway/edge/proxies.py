"""Proxies before the gateway whom an operator trusts: who asks them, and by which scheme, is what they say.

Anybody may write ``X-Forwarded-For``, and each proxy puts whom it saw at its end. So it is read from there, as long as
it was a trusted one who wrote, and what a client wrote before it is never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

import observability

_Address: TypeAlias = IPv4Address | IPv6Address
Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]

# Some put the port behind it; in IPv6 there are brackets then.
_WRITTEN = re.compile(r"([0-9.]+)(?::[0-9]{1,5})?|([0-9A-Fa-f:.]+)|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
_SCHEMES = frozenset({"http", "https"})


def parse_proxies(text: str) -> Networks:
    """The networks of proxies, as an operator writes them: ``10.0.0.0/8, fd00::/8, 192.0.2.1``.

    Raises:
        ValueError: for the first that is none, or is everybody.
    """
    return tuple(_network(part.strip()) for part in text.split(","))


def is_among(networks: Networks, peer: str) -> bool:
    """Whether a connection of *peer* is one of a trusted proxy."""
    address = _address(peer.partition("%")[0])
    return address is not None and _is_in(networks, address)


def client_of(networks: Networks, said: Sequence[str]) -> str:
    """The last address in all the ``X-Forwarded-For`` that a trusted proxy *said* which is in none of *networks*.

    Where all of them are, the first, since trusted ones have written all; empty where one is met that cannot be read.
    """
    found: _Address | None = None
    for entry in _backwards(said):
        found = _address(entry)
        if found is None or not _is_in(networks, found):
            break
    return "" if found is None else str(found)


def behind(networks: Networks) -> Middleware:
    """Have a request be one of the client's whom a proxy in *networks* tells of."""

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.remote or ""
        if not is_among(networks, peer):
            return await handler(request)
        client = client_of(networks, request.headers.getall(hdrs.X_FORWARDED_FOR, ())) or peer
        observability.came_from(client)
        asked = request.clone(remote=client, scheme=_scheme(request))
        response = await handler(asked)
        # What is to be told in an answer is kept with the request that was asked; aiohttp knows the other one. That a
        # client has gone, it finds out by itself.
        with suppress(ConnectionError):
            await response.prepare(asked)
        return response

    return told


def _scheme(request: web.Request) -> str:
    said = request.headers.getall(hdrs.X_FORWARDED_PROTO, ())
    return said[0] if len(said) == 1 and said[0] in _SCHEMES else request.scheme


def _backwards(said: Sequence[str]) -> Iterator[str]:
    for line in reversed(said):
        for entry in reversed(line.split(",")):
            yield entry.strip()


def _is_in(networks: Networks, address: _Address) -> bool:
    return any(address in network for network in networks)


@lru_cache(maxsize=4096)
def _address(text: str) -> _Address | None:
    written = _WRITTEN.fullmatch(text)
    try:
        found = ip_address("".join(filter(None, written.groups()))) if written else None
    except ValueError:
        return None
    # A socket of both families shows those of the older one so.
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"a proxy is an address, or a network like 10.0.0.0/8: {error}: got {text!r:.80}") from None
    if not network.prefixlen:
        raise ValueError(f"whoever asks could say that he is anybody, if all were trusted: got {text!r:.80}")
    if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
        raise ValueError(f"a network of IPv4 is written like 10.0.0.0/8: got {text!r:.80}")
    return network
