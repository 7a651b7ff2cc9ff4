"""Answers made smaller for clients that take gzip, where that is safe, worth it, and costs nobody else his turn.

Only an answer whose length is known and bounded is compressed, whole; a large one in a thread. Streams pass as they
come. What its size could betray is left alone: whoever can make a browser ask with something of his in it, and sees how
long the answer is, guesses what else is in there (BREACH). So nothing is compressed that sets a cookie or may not be
stored, nor a page for which a cookie was sent; APIs see none.

A compressed answer is another one than the plain one (RFC 9110, 8.8.3), and a strong ``ETag`` has to tell them apart:
it gets a suffix, which is taken away again from what a client sends to have its state compared.
"""

from __future__ import annotations

import asyncio
import re
import zlib

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict, MultiMapping

# Below, the head is most of what goes out; above, nobody waits for it to be read whole.
LEAST_BYTES = 1024
MOST_BYTES = 1024**2
# What the event loop does itself, within half a millisecond.
_AT_ONCE_BYTES = 8 * 1024
_LEVEL = 5
_GZIP = 16 + zlib.MAX_WBITS
_CODING = "gzip"

_TYPES = re.compile(
    r"text/(?!event-stream)[a-z0-9.+-]+|image/svg\+xml"
    r"|application/(?:[a-z0-9.-]+\+)?(?:json|xml)|application/(?:javascript|manifest\+json|x-ndjson)"
)
_PRIVATE = re.compile(r"(?:^|[,\s])(?:no-store|no-transform|private)(?:$|[,;=\s])", re.IGNORECASE)
_QVALUE = re.compile(r"\s*;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", re.IGNORECASE)

# A character that ends no ETag which is a hash, a number or a date.
SUFFIX = ";gz"
_STRONG = re.compile(r'"[\x21\x23-\x7e]*"')
_MARKED = f'{SUFFIX}"'


def is_worth_it(request: web.Request, status: int, headers: MultiMapping[str], length: int | None) -> bool:
    """Whether an answer of so many bytes may be compressed for whoever takes it."""
    return (
        length is not None
        and LEAST_BYTES <= length <= MOST_BYTES
        and status not in {204, 206, 304}
        and request.method != hdrs.METH_HEAD
        and hdrs.CONTENT_ENCODING not in headers
        and hdrs.CONTENT_RANGE not in headers
        and hdrs.SET_COOKIE not in headers
        and _may_be(request, headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower())
        and not _PRIVATE.search(", ".join(headers.getall(hdrs.CACHE_CONTROL, [])))
        and "no-transform" not in request.headers.get(hdrs.CACHE_CONTROL, "").lower()
    )


def _may_be(request: web.Request, content_type: str) -> bool:
    if content_type == "text/html" and hdrs.COOKIE in request.headers:
        return False
    return _TYPES.fullmatch(content_type) is not None


def is_taken(request: web.Request) -> bool:
    """Whether the client takes gzip (RFC 9110, 12.5.3)."""
    weights = {}
    for part in ",".join(request.headers.getall(hdrs.ACCEPT_ENCODING, [])).split(","):
        coding, semicolon, _ = part.partition(";")
        weight = _QVALUE.fullmatch(part[len(coding) :]) if semicolon else None
        weights[coding.strip().lower()] = float(weight[1]) if weight else 0.0 if semicolon else 1.0
    return weights.get(_CODING, weights.get("*", 0.0)) > 0


async def shrunk(request: web.Request, headers: CIMultiDict[str], body: bytes) -> bytes:
    """The *body* of an answer that is worth it, as its client takes it; *headers* say so then."""
    add_vary(headers)
    if not is_taken(request):
        return body
    if len(body) <= _AT_ONCE_BYTES:
        packed = _packed(body)
    else:
        packed = await asyncio.to_thread(_packed, body)
    if len(packed) >= len(body):
        return body
    headers[hdrs.CONTENT_ENCODING] = _CODING
    headers.pop(hdrs.CONTENT_LENGTH, None)
    headers.pop(hdrs.ACCEPT_RANGES, None)
    if (tag := headers.get(hdrs.ETAG)) is not None and _STRONG.fullmatch(tag):
        headers[hdrs.ETAG] = f"{tag[:-1]}{_MARKED}"
    return packed


@web.middleware
async def compressed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress what is made here and was not begun to be sent."""
    response = await handler(request)
    if response.__class__ is web.Response and not response.prepared:
        body = response.body
        if isinstance(body, bytes) and is_worth_it(request, response.status, response.headers, len(body)):
            response.body = await shrunk(request, response.headers, body)
    return response


def not_modified(request: web.Request, headers: CIMultiDict[str]) -> None:
    """Give the ``ETag`` of a 304 the form under which the client has the answer (RFC 9110, 15.4.5)."""
    tag = headers.get(hdrs.ETAG)
    if tag is not None and _STRONG.fullmatch(tag):
        marked = f"{tag[:-1]}{_MARKED}"
        if marked in ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, [])):
            headers[hdrs.ETAG] = marked
            add_vary(headers)


def unmark(headers: CIMultiDict[str]) -> None:
    """Let the service behind see its own tags in what the client wants compared.

    ``If-Range`` stays as it is: a part of the plain answer does not go on from a compressed one.
    """
    for name in (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH):
        values = headers.getall(name, [])
        if any(_MARKED in value for value in values):
            headers[name] = ", ".join(values).replace(_MARKED, '"')


def add_vary(headers: CIMultiDict[str]) -> None:
    """Tell caches that the answer depends on what the client takes."""
    vary = headers.getall(hdrs.VARY, [])
    if not any("accept-encoding" in value.lower() or value.strip() == "*" for value in vary):
        headers[hdrs.VARY] = ", ".join([*vary, hdrs.ACCEPT_ENCODING])


def _packed(body: bytes) -> bytes:
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packing.compress(body) + packing.flush()
