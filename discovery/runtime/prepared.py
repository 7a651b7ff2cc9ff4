"""What a call asks for, made into the request that goes out: by the short way wherever that can do it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict

from discovery.runtime.address import Logical
from discovery.runtime.body import replayable, settled, whole
from discovery.runtime.direct import Direct
from discovery.runtime.outgoing import Outgoing, Through
from discovery.runtime.pool import Pool

_DIRECT = frozenset(
    {
        "headers",
        "params",
        "data",
        "json",
        "skip_auto_headers",
        "timeout",
        "attempts",
        "attempt_timeout",
        "max_staleness",
        "tags",
    }
)
# Who says one of these has a way of his own to send a body.
_FRAMING = frozenset(name.lower() for name in (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING, hdrs.EXPECT))
_OURS = frozenset({"attempts", "attempt_timeout", "max_staleness", "tags"})


def prepared(pool: Pool, method: str, logical: Logical, options: dict[str, Any], *, direct: bool) -> Outgoing:
    """The request of a call with *options*, which are its to change; *direct* says that there is a short way.

    Raises:
        ValueError: for arguments that exclude each other.
    """
    if logical.credentials:
        _carry(logical.credentials, options)
    data = options.get("data")
    if data is not None:
        data = options["data"] = settled(data)
    if direct and goes_direct(options):
        json = options.get("json")
        if json is not None and data is not None:
            raise ValueError("data and json parameters can not be used at the same time")
        headers = options.get("headers")
        said, framed = _said(headers) if headers else (None, False)
        body = None if framed else whole(method, data, json)
        if body is not None:
            unsaid = options.get("skip_auto_headers") or ()
            return Direct(pool, method, logical.path, body, said, options.get("params"), unsaid)
    leave_theirs(options)
    if "allow_redirects" not in options:
        options["allow_redirects"] = False
    # A tracker of an upload belongs to one request.
    once = options.get("upload_tracker") is not None
    return Through(pool, method, logical.path, options, replayable=not once and (data is None or replayable(data)))


def _said(headers: Any) -> tuple[CIMultiDict[str], bool]:
    """What a caller says, and whether any of it is about the framing of a body.

    As with aiohttp, a name that is written otherwise than before replaces it; a host always.
    """
    given = CIMultiDict(headers)
    names = {name.lower() for name in given}
    framed = not _FRAMING.isdisjoint(names)
    if len(names) == len(given):  # as nearly always: nothing is said twice
        return given, framed
    said: CIMultiDict[str] = CIMultiDict()
    written: set[str] = set()
    for name, value in given.items():
        if name in written and name.title() != hdrs.HOST:
            said.add(name, value)
        else:
            said[name] = value
            written.add(name)
    return said, framed


def leave_theirs(options: dict[str, Any]) -> None:
    """Leave of the arguments of a call those that are aiohttp's."""
    if not _OURS.isdisjoint(options):
        for name in _OURS:
            options.pop(name, None)


def _carry(credentials: str, options: dict[str, Any]) -> None:
    """Add the *credentials* of its URL to the arguments of a call, as aiohttp does."""
    headers = CIMultiDict(options.get("headers") or ())
    if hdrs.AUTHORIZATION in headers or options.get("auth") is not None:
        raise ValueError("the URL carries credentials, and the call others: say them once")
    headers[hdrs.AUTHORIZATION] = credentials
    options["headers"] = headers


def goes_direct(options: Mapping[str, Any]) -> bool:
    """Whether the arguments of a call ask for nothing that only aiohttp's session can do."""
    if not options:
        return True
    timeout = options.get("timeout")
    return options.keys() <= _DIRECT and (
        not isinstance(timeout, aiohttp.ClientTimeout) or timeout == aiohttp.ClientTimeout(total=timeout.total)
    )
