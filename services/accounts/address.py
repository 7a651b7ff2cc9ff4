"""Who asks, as far as an address tells it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from aiohttp import hdrs, web

# What one customer of a network is given at least: whoever has one IPv6 address has 2⁶⁴ of them.
_IPV6_PREFIX = 64


def address_of(request: web.Request) -> str:
    """The client's address, or the network that is surely all its own.

    The last entry of ``X-Forwarded-For`` is the gateway's word, which sets exactly one. Whatever stands before it
    anybody may have written. Without the header it is the peer.
    """
    said = request.headers.getall(hdrs.X_FORWARDED_FOR, [""])[-1].rpartition(",")[2].strip()
    return _owner(said) or _owner(request.remote or "") or "unknown"


def _owner(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if (mapped := address.ipv4_mapped) is not None:
            return str(mapped)
        return str(ip_network((int(address), _IPV6_PREFIX), strict=False))
    return str(address)
