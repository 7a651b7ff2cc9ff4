"""Who asks, as far as can be seen from here: the address at the other end of the connection, or who a proxy says it is.

What a header says of it is not looked at otherwise (`proxies.py`): anybody may write it.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from aiohttp import web

# What a provider gives to one customer at least: within it, he may take another address for each request.
_PREFIX_BITS = 64
_SUFFIX_BITS = 128 - _PREFIX_BITS


def client_of(request: web.Request) -> str:
    """What one client has in common, and no other has."""
    return _network(request.remote or "")


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a connection without one, as in a test
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _SUFFIX_BITS << _SUFFIX_BITS)}/{_PREFIX_BITS}"
