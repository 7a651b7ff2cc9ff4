"""Which headers cross the gateway. In: everything but what could be mistaken for our own word. Out: a list.

What a client may not say is dropped by category (named by ``Connection``, of our prefixes, with an underscore),
since lists of names were incomplete in every gateway that kept one. Ours are set last.
"""

from __future__ import annotations

from functools import lru_cache

from aiohttp import hdrs, web
from multidict import CIMultiDict, MultiMapping

from discovery import wire
from discovery.web import REQUEST_ID, Problem
from services.gateway.edge import compression, request_id
from services.gateway.side import Side

# RFC 9110, 7.6.1, and what belongs to one connection by other documents.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# Said anew for the request behind: by aiohttp, by us, or (the trace) by the mesh. Beside that of W3C, a trace is of
# Zipkin (B3), Jaeger, AWS or OpenTracing: of all that a service may be told to read.
_REPLACED = frozenset(
    {
        "accept-encoding",
        "b3",
        "baggage",
        "content-encoding",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "traceparent",
        "tracestate",
        "uber-trace-id",
        "via",
        "x-amzn-trace-id",
        "x-real-ip",
        "x-request-id",
    }
)
# What others than us say of a client or of what was asked, and frameworks believe: another address, path or method.
_ELSEWHERE = frozenset(
    {
        "cf-connecting-ip",
        "client-ip",
        "fastly-client-ip",
        "true-client-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-host",
        "x-original-url",
        "x-rewrite-url",
    }
)
_OURS = ("x-forwarded-", "x-b3-", "ot-tracer-", "ot-baggage-", "uberctx-", wire.PREFIX.lower())

# Cookies are between the browser and the shop; tokens are for the APIs, which the shop is none of.
_ALWAYS = _HOP_BY_HOP | _REPLACED | _ELSEWHERE
_DROPPED = {Side.API: _ALWAYS | {"cookie"}, Side.SHOP: _ALWAYS | {"authorization"}}
# What aiohttp decodes on the way; where it cannot, the answer breaks off. A list of several it leaves as it is.
_DECODED = frozenset({"identity", "gzip", "deflate", "br", "zstd"})
_UNREADABLE = "the service gave no answer that can be understood"
# Of the names and values that cross; each of them has a limit of aiohttp's, and so has their number (128).
MOST_BYTES = 32 * 1024
_NOBODY: frozenset[str] = frozenset()

# What an answer may tell the world. Not Server, and no address of ours: Location and Link are rewritten.
_PUBLIC = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-ranges",
        "age",
        "allow",
        "cache-control",
        "content-disposition",
        "content-language",
        "content-range",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "retry-after",
        "vary",
        "www-authenticate",
    }
)

# What only a page needs: who it is that looks at it, and what a browser may do with it.
_OF_PAGES = frozenset(
    {
        "content-security-policy",
        "cross-origin-embedder-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
        "referrer-policy",
        "set-cookie",
        "x-content-type-options",
        "x-frame-options",
    }
)
_OUTWARD = {Side.API: _PUBLIC, Side.SHOP: _PUBLIC | _OF_PAGES}


def inward(headers: MultiMapping[str], side: Side, *, peer: str, scheme: str, host: str) -> CIMultiDict[str]:
    """The headers for the request behind, made from those of the client at the address *peer*; HTTP/1.0 has no *host*.

    Raises:
        Problem: 400, for a value that is not text; 431, where they are too large together.
    """
    named = named_by_connection(headers)
    kept: list[tuple[str, str]] = []
    size = 0
    for name, value in headers.items():
        lower = _crossing(name, side)
        if lower is None or lower in named:
            continue
        if not _is_text(value):
            raise Problem(400, "the value of a header is not text")
        size += len(lower) + len(value)
        # In one spelling: a client of aiohttp's takes another one of the same name for its correction.
        kept.append((lower, value))
    if size > MOST_BYTES:
        raise Problem(431, f"the headers have more than {MOST_BYTES} bytes")
    # An encoded answer would be decoded on its way through us, so there is no use in asking for one.
    kept += ((hdrs.ACCEPT_ENCODING, "identity"), (hdrs.X_FORWARDED_FOR, peer), (hdrs.X_FORWARDED_PROTO, scheme))
    if host:
        kept.append((hdrs.X_FORWARDED_HOST, host))
    return CIMultiDict(kept)


# Clients have a few dozen names among them.
@lru_cache(maxsize=512)
def _crossing(name: str, side: Side) -> str | None:
    """The *name* of a header in small letters; None where a client may not say it."""
    lower = name.lower()
    # CGI, and what descends from it, reads an underscore as a dash: a twin would pass for the original.
    return None if lower in _DROPPED[side] or "_" in lower or lower.startswith(_OURS) else lower


def of_request(request: web.Request, side: Side) -> CIMultiDict[str]:
    """The headers for the request behind, made from those of *request*.

    Raises:
        Problem: likewise.
    """
    passed = inward(
        request.headers,
        side,
        peer=request.remote or "unknown",
        scheme=request.scheme,
        # request.host would ask the resolver, and wait, when there is none.
        host=request.headers.get(hdrs.HOST, ""),
    )
    passed[request_id.HEADER] = request[REQUEST_ID]
    compression.unmark(passed)
    return passed


def outward(headers: MultiMapping[str], side: Side, status: int = 200) -> CIMultiDict[str]:
    """The headers of an answer from behind that the client may see.

    Raises:
        Problem: 502, where an answer with that *status* cannot be said again so that everybody reads the same.
    """
    # aiohttp reads until the end of the connection what it cannot decode, and writes any number for a status.
    if not 200 <= status < 600 or headers.get(hdrs.TRANSFER_ENCODING, "chunked").strip().lower() != "chunked":
        raise Problem(502, _UNREADABLE)
    # Without its coding, which does not cross, what was not decoded would be taken for what it is not.
    if (codings := headers.getall(hdrs.CONTENT_ENCODING, None)) and ",".join(codings).strip().lower() not in _DECODED:
        raise Problem(502, _UNREADABLE)
    named, public = named_by_connection(headers), _OUTWARD[side]
    kept = [
        (name, value) for name, value in headers.items() if (lower := name.lower()) in public and lower not in named
    ]
    for _, value in kept:
        if not _is_text(value):
            raise Problem(502, _UNREADABLE)
    return CIMultiDict(kept)


def _is_text(value: str) -> bool:
    return value.isprintable() or value.replace("\t", " ").isprintable()


def named_by_connection(headers: MultiMapping[str]) -> frozenset[str]:
    """What ``Connection`` names, in lower case."""
    values = headers.getall(hdrs.CONNECTION, None)
    if values is None:
        return _NOBODY
    return frozenset(option.strip().lower() for value in values for option in value.split(","))
