"""Whether anybody can be called where the registry says that he is.

Consul takes whatever it is told: an address with a port in it, a URL, a name with a blank, no port at all. A request to
such a place fails before it goes out, in as many ways as there are libraries between us and the wire. So an address is
judged once, when it is heard of, and by its form alone: an IP address, or a name as DNS has them (RFC 1035, 2.3.4, with
the underscore that containers are named with). What no resolver knows is another matter, and found out by calling.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address

_PORTS = range(1, 65536)
_NAME_MAX = 253
_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
# Nearly everybody has one, and the standard library takes ten times as long.
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?:{_BYTE}\.){{3}}{_BYTE}")
# What looks like an IPv4 address has to be one.
_NUMBERS = re.compile(r"[0-9.]+")
# The interface over which a link-local IPv6 address is reached.
_ZONE = re.compile(r"[A-Za-z0-9_.-]*")


def is_callable(host: str, port: int) -> bool:
    """Whether a request can be sent to *host*, an IPv6 address being without brackets, at *port*."""
    if port not in _PORTS:
        return False
    if _IPV4.fullmatch(host):
        return True
    if ":" in host:
        return _is_ipv6(host)
    return len(host) <= _NAME_MAX and _NAME.fullmatch(host) is not None and not _NUMBERS.fullmatch(host)


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return _ZONE.fullmatch(host.partition("%")[2]) is not None  # of which Python takes whatever it is
