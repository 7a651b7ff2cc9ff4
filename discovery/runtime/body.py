"""Which request bodies can be sent twice.

aiohttp sends an exhausted generator as an empty body, without an error. So only what is complete in memory counts
as replayable: text, bytes, JSON, and forms given as a mapping or as pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

_COMPLETE = (bytes, bytearray, memoryview, str, Mapping, list, tuple)


def replayable(options: Mapping[str, Any]) -> bool:
    """Judge the keyword arguments of a request, as aiohttp takes them."""
    data = options.get("data")
    return data is None or isinstance(data, _COMPLETE)


def replayable_request(request: aiohttp.ClientRequest) -> bool:
    """Judge a request that aiohttp has already prepared."""
    return not request.body or isinstance(request.body, aiohttp.BytesPayload)
