"""What a request asks for, in one canonical form that routing and forwarding share.

Wherever two readers of a path may differ (an encoded slash, a dot segment, ``//``, a second decoding), one of them
can be talked past the other. So such paths are refused, not repaired. What is not refused crosses byte for byte, and so
does every query: a client may have signed it.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from yarl import URL

from discovery.web import Problem

# Origin form (RFC 9112, 3.2.1), without empty segments and without the parameters that ``;`` begins.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)*/?")
_QUERY = re.compile(r"[!-\"$-~]*")  # visible ASCII but ``#``
# What is the same in any encoding, and has no dot segments: nearly every path.
_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/?")
# Letters, digits, and ``-._~``, encoded.
_NEEDLESS = re.compile(r"%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE)
# What has one spelling only, so that whoever takes such a URL apart puts the same together again. Nearly every target.
_ONE_SPELLING = re.compile(r"[A-Za-z0-9/_.~=&?-]*")
_AMBIGUOUS = frozenset("/\\%;")
# What the mesh takes for a service and nothing else does: with a dot it would be a host somewhere.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_NO_QUERY = "a question mark with nothing behind it does not cross here: leave it out"

PREFIX = "api"
_BEFORE = f"/{PREFIX}"
SHOP = "marketplace"
# The first segments that are not the shop's: ours, and what every process of the mesh says about itself.
RESERVED = (PREFIX, "health", "mesh", "metrics", "openapi.json", "problems")


class Target(NamedTuple):
    """The decoded segments of the path, the path as it came, and the query as it came, with its question mark."""

    segments: tuple[str, ...]
    query: str
    path: str

    def url(self, service: str) -> str | URL:
        """The logical URL at *service* of what is behind ``/api``."""
        return _url(service, self.path.removeprefix(_BEFORE) + self.query)

    def shop_url(self) -> str | URL:
        """The logical URL of the same path at the shop."""
        return _url(SHOP, self.path + self.query)


def parse(raw: str) -> Target:
    """Take the target of a request line apart.

    Raises:
        Problem: 400, for everything that has a second reading.
    """
    path, mark, query = raw.partition("?")
    if query and not _QUERY.fullmatch(query):
        raise Problem(400, "the query has characters that must be encoded")
    if _PLAIN.fullmatch(path):
        segments = tuple(path[1:].split("/"))
    else:
        segments = _segments(path)
        if mark and not query:
            raise Problem(400, _NO_QUERY)
    return Target(segments, mark + query, path)


def refuse_empty_query(url: str | URL) -> None:
    """Refuse the logical *url* of a target that ends with its question mark, where that would be lost on the way.

    Raises:
        Problem: 400.
    """
    if str(url).endswith("?"):
        raise Problem(400, _NO_QUERY)


def _url(service: str, target: str) -> str | URL:
    url = f"http://{service}{target}"
    return url if _ONE_SPELLING.fullmatch(target) else URL(url, encoded=True)


def is_label(name: str) -> bool:
    """Whether *name* is a service's to the mesh, and could be no host's."""
    return name != "localhost" and _LABEL.fullmatch(name) is not None


def _segments(path: str) -> tuple[str, ...]:
    if not path.startswith("/") or not _PATH.fullmatch(path):
        raise Problem(400, "the request target must be a plain absolute path, optionally with a query")
    raw = path[1:].split("/")
    # What says who is meant has one spelling, too.
    if any(map(_NEEDLESS.search, raw[: 2 if raw[0] == PREFIX else 1])):
        raise Problem(400, "letters and digits at the beginning of the path must not be encoded")
    return tuple([_decoded(segment) for segment in raw])


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
