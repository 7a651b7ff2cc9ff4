"""Asking another service: a bounded answer within a bounded time, or :class:`Away`, whatever the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import TypeAdapter, ValidationError
from yarl import URL

import discovery

# A page of laptops has a few kilobytes.
_ANSWER_BYTES = 1024**2
_JSON: TypeAdapter[Any] = TypeAdapter(Any)


class Away(Exception):
    """The service gave no answer that can be used."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the JSON that came with it (None: none that can be read), and the query of the next page."""

    status: int
    document: Any
    following: Mapping[str, str]


async def ask(mesh: discovery.Mesh, url: str, params: Mapping[str, str | int], *, within_s: float) -> Answer:
    """GET *url*.

    Raises:
        Away: when there is no answer in time, or one that is too long, or no HTTP.
    """
    try:
        async with mesh.get(url, params=params, timeout=within_s) as response:
            link = response.links.get("next")
            following = link["url"] if link else None
            query = following.query if isinstance(following, URL) else {}
            return Answer(response.status, _document(await _body(response)), query)
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
