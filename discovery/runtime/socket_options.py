"""What a call for a websocket says itself, beside its URL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypedDict

import aiohttp
from aiohttp.typedefs import LooseHeaders, Query

from discovery.runtime.said import Said, said


class SocketOptions(TypedDict, total=False):
    """The keyword arguments of a call for a websocket.

    ``timeout`` (seconds) bounds the handshake, with all its attempts, and nothing after it; ``None`` says that there is
    no limit of ours. ``attempts`` is how often it may go on the wire, ``attempt_timeout`` (seconds) how long each may
    take, and ``max_staleness`` (seconds) for how long the registry may have been silent about the service. With *tags*
    it goes to those instances alone that have all of them. ``ws_timeout`` is the ``timeout`` of
    ``aiohttp.ClientSession.ws_connect``: for a message, and for the answer to a close. All others are those of it, and
    mean the same.
    """

    timeout: float | None
    attempts: int
    attempt_timeout: float
    max_staleness: float
    tags: str | Collection[str]
    headers: LooseHeaders | None
    params: Query
    protocols: Iterable[str]
    origin: str | None
    ws_timeout: aiohttp.ClientWSTimeout
    heartbeat: float | None
    autoclose: bool
    autoping: bool
    compress: int
    max_msg_size: int


_KNOWN = frozenset(SocketOptions.__annotations__)
_OURS = frozenset({"timeout", "attempts", "attempt_timeout", "max_staleness", "tags"})


def limits(options: Mapping[str, Any]) -> Said | None:
    """What is said of the limits of a handshake; ``None`` when nothing is.

    Raises:
        TypeError: for an argument that there is not.
        ValueError: for a limit that is none.
    """
    if isinstance(options.get("timeout"), (aiohttp.ClientTimeout, aiohttp.ClientWSTimeout)):
        raise TypeError("timeout is the seconds of the handshake; what is aiohttp's for messages is ws_timeout")
    return said(options, _KNOWN)


def theirs(options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are aiohttp's, as it calls them."""
    left = {name: value for name, value in options.items() if name not in _OURS}
    if "ws_timeout" in left:
        left["timeout"] = left.pop("ws_timeout")
    return left
