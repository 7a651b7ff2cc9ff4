"""Looking for oneself: whether somebody listens at an address, and what time it is."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from discovery.cli.text import clip
from discovery.clock import SystemClock
from discovery.model import Instance
from discovery.policy.whereabouts import is_callable

# Enough to see what kind of mistake was made, without scanning a data centre.
_MOST = 64
_AT_ONCE = 16
_TIMEOUT_S = 1.0


def probe(instances: Iterable[Instance]) -> dict[str, str]:
    """Why each address cannot be reached from here; empty when it can. Nothing is sent."""
    found = (each for each in instances if is_callable(each.host, each.port))
    places = list({each.address: (each.host, each.port) for each in found}.items())[:_MOST]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = pool.map(_connect, (place for _, place in places))
        return dict(zip((address for address, _ in places), said, strict=True))


def _connect(place: tuple[str, int]) -> str:
    try:
        socket.create_connection(place, timeout=_TIMEOUT_S).close()
    except TimeoutError:
        return f"no answer within {_TIMEOUT_S:g} s"
    except (OSError, ValueError) as exc:  # a name that no resolver would take is a ValueError
        return clip((exc.strerror if isinstance(exc, OSError) else "") or str(exc))
    return ""


def time_of_day() -> float:
    """Seconds since the epoch."""
    return SystemClock().wall()
