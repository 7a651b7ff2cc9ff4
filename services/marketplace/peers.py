"""Asking another service: a bounded answer within a bounded time, or :class:`Away`, whatever the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import aiohttp
from aiohttp import hdrs
from pydantic import TypeAdapter, ValidationError
from yarl import URL

import discovery

# A page of laptops has a few kilobytes.
_ANSWER_BYTES = 1024**2
_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Away(Exception):
    """The service gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the JSON that came with it (None: none that can be read), and the query of the next page.

    ``retry_after`` is after how many seconds to ask again, as it says; 0: it does not. ``version`` is its ETag.
    """

    status: int
    document: Any
    following: Mapping[str, str]
    retry_after: int = 0
    version: str = ""


async def ask(
    mesh: discovery.Mesh,
    url: str,
    params: Mapping[str, str | int] = _NOTHING,
    *,
    within_s: float,
    method: str = hdrs.METH_GET,
    json: Any = None,
    headers: Mapping[str, str] = _NOTHING,
) -> Answer:
    """Ask for *url*, with *json* as the body if it is not None.

    Raises:
        Away: when there is no answer in time, or one that is too long, or no HTTP.
    """
    try:
        async with mesh.request(method, url, params=params, json=json, headers=headers, timeout=within_s) as response:
            link = response.links.get("next")
            following = link["url"] if link else None
            query = following.query if isinstance(following, URL) else {}
            wait = response.headers.get(hdrs.RETRY_AFTER, "")
            retry_after = int(wait) if wait.isascii() and wait.isdigit() and len(wait) <= 6 else 0
            return Answer(
                response.status,
                _document(await _body(response)),
                query,
                retry_after,
                response.headers.get(hdrs.ETAG, ""),
            )
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Away(str(error)) from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > _ANSWER_BYTES:
            raise ValueError("the answer is too long")
    return bytes(body)


def _document(body: bytes) -> Any:
    # Pydantic's reader, unlike the standard one, has a limit for nesting, and takes no half of a surrogate pair.
    try:
        return _JSON.validate_json(body)
    except ValidationError:
        return None
