"""Which request bodies can be sent twice.

aiohttp sends an exhausted generator as an empty body, without an error. So only what is complete in memory counts
as replayable: text, bytes, JSON, and forms of those. A form with a file is a stream.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import hdrs

_COMPLETE = (bytes, bytearray, memoryview, str, int, float)


# What aiohttp says of bytes, and of a body that is not there though others would send one.
_BYTES = "application/octet-stream"
# aiohttp warns of longer ones that they hold the loop.
_AT_ONCE = 2**20
_WITHOUT = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS, hdrs.METH_TRACE})
_WITH = frozenset({hdrs.METH_POST, hdrs.METH_PUT, hdrs.METH_PATCH})


@dataclass(frozen=True, slots=True)
class Body:
    """The whole of a body, and the headers that go with it where a caller says no others."""

    content: bytes
    headers: Mapping[str, str]


_NONE = Body(b"", {})
# By method, what is sent where there is no body.
EMPTY: Mapping[str, Body] = {
    **dict.fromkeys(_WITHOUT, _NONE),
    **dict.fromkeys(_WITH, Body(b"", {hdrs.CONTENT_LENGTH: "0", hdrs.CONTENT_TYPE: _BYTES})),
    hdrs.METH_DELETE: Body(b"", {hdrs.CONTENT_LENGTH: "0"}),
}


def whole(method: str, data: object, json_data: object = None) -> Body | None:
    """The ``data`` or ``json`` of a request as a body that can be written at once; ``None`` where it cannot."""
    if method not in EMPTY:
        return None
    if json_data is not None:
        content, kind = json.dumps(json_data).encode(), "application/json"
    elif data is None:
        return EMPTY[method]
    elif isinstance(data, bytes):
        content, kind = data, _BYTES
    elif isinstance(data, str):
        content, kind = data.encode(), "text/plain; charset=utf-8"
    else:
        return None
    if len(content) > _AT_ONCE:
        return None
    return Body(content, {hdrs.CONTENT_LENGTH: str(len(content)), hdrs.CONTENT_TYPE: kind})


def settled(data: Any) -> Any:
    """The ``data`` of a request as what may be sent more than once: aiohttp's own form says its fields only once."""
    return data() if isinstance(data, aiohttp.FormData) else data


def replayable(data: object) -> bool:
    """Judge the ``data`` of a request, as aiohttp takes it, once it is :func:`settled`."""
    if data is None or isinstance(data, (*_COMPLETE, aiohttp.BytesPayload)):
        return True
    if isinstance(data, aiohttp.MultipartWriter):
        return all(replayable(part) for part, _, _ in data)
    if isinstance(data, Mapping):
        return all(isinstance(value, _COMPLETE) for value in data.values())
    if isinstance(data, (list, tuple)):
        return all(isinstance(pair, tuple) and len(pair) > 0 and isinstance(pair[-1], _COMPLETE) for pair in data)
    return False
