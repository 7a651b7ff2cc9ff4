"""What a request asks for, in one canonical form that routing and forwarding share.

Wherever two readers of a path may differ (an encoded slash, a dot segment, ``//``, a second decoding), one of them
can be talked past the other. So such paths are refused, not repaired.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from discovery.web import Problem

# Origin form (RFC 9112, 3.2.1), without empty segments and without the parameters that ``;`` begins.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)*/?")
_QUERY = re.compile(r"[!-\"$-~]*")  # visible ASCII but ``#``
# What is the same in any encoding, and has no dot segments: nearly every path.
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/?")
_AMBIGUOUS = frozenset("/\\%;")
# What the mesh takes for a service and nothing else does: with a dot it would be a host somewhere.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

PREFIX = "api"
_BEFORE = f"/{PREFIX}"
SHOP = "marketplace"
# The first segments that are not the shop's: ours, and what every process of the mesh says about itself.
RESERVED = (PREFIX, "health", "mesh", "metrics")


class Target(NamedTuple):
    """The decoded segments of the path, the path in its one encoding, and the query as it came.

    ``service`` is whom ``/api/<service>/...`` names; empty for other paths, and for what could be the name of a host.
    """

    segments: tuple[str, ...]
    query: str
    service: str
    path: str

    def url(self) -> str:
        """The logical URL behind ``/api``: its path begins with the service's own name."""
        return f"http://{self.service}{self.path.removeprefix(_BEFORE)}{self.query and '?'}{self.query}"

    def shop_url(self) -> str:
        """The logical URL of the same path at the shop."""
        return f"http://{SHOP}{self.path}{self.query and '?'}{self.query}"


def parse(raw: str) -> Target:
    """Take the target of a request line apart.

    Raises:
        Problem: 400, for everything that has a second reading.
    """
    path, _, query = raw.partition("?")
    if query and not _QUERY.fullmatch(query):
        raise Problem(400, "the query has characters that must be encoded")
    if _PLAIN.fullmatch(path):
        segments = tuple(path[1:].split("/"))
    else:
        segments = _segments(path)
        path = "".join([f"/{quote(segment, safe='')}" for segment in segments])
    return Target(segments, query, _service(segments), path)


def _segments(path: str) -> tuple[str, ...]:
    if not path.startswith("/") or not _PATH.fullmatch(path):
        raise Problem(400, "the request target must be a plain absolute path, optionally with a query")
    return tuple([_decoded(segment) for segment in path[1:].split("/")])


def _service(segments: tuple[str, ...]) -> str:
    if len(segments) < 2 or segments[0] != PREFIX:
        return ""
    service = segments[1]
    return service if service != "localhost" and _LABEL.fullmatch(service) else ""


def _decoded(segment: str) -> str:
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise Problem(400, "the path is not UTF-8") from None
    if text in {".", ".."} or not text.isprintable() or not _AMBIGUOUS.isdisjoint(text):
        raise Problem(
            400, "the path must not have dot segments, nor encoded slashes, percent signs or control characters"
        )
    return text
