"""Which request bodies can be sent twice.

aiohttp sends an exhausted generator as an empty body, without an error. So only what is complete in memory counts
as replayable: text, bytes, JSON, and forms of those. A form with a file is a stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

_COMPLETE = (bytes, bytearray, memoryview, str, int, float)


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


def replayable_request(request: aiohttp.ClientRequest) -> bool:
    """Judge a request that aiohttp has already prepared."""
    return not request.body or replayable(request.body)
