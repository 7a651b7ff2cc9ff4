"""What a request asks for, in one canonical form that routing and forwarding share.

Wherever two readers of a path may differ (an encoded slash, a dot segment, ``//``, a second decoding), one of them
can be talked past the other. So such paths are refused, not repaired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from yarl import URL

from discovery.web import Problem

# Origin form (RFC 9112, 3.2.1), without empty segments and without the parameters that ``;`` begins.
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)*/?")
_QUERY = re.compile(r"[!-\"$-~]*")  # visible ASCII but ``#``
_AMBIGUOUS = frozenset("/\\%;")
# What the mesh takes for a service and nothing else does: with a dot it would be a host somewhere.
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

PREFIX = "api"
SHOP = "marketplace"
# The first segments that are not the shop's: ours, and what every process of the mesh says about itself.
RESERVED = (PREFIX, "health", "mesh", "metrics")


@dataclass(frozen=True, slots=True)
class Target:
    """The decoded segments of the path, and the query as it came."""

    segments: tuple[str, ...]
    query: str

    @property
    def service(self) -> str:
        """Whom ``/api/<service>/...`` names; empty for any other path, and for what could be the name of a host."""
        match self.segments:
            case (prefix, service, *_) if prefix == PREFIX and service != "localhost" and _LABEL.fullmatch(service):
                return service
            case _:
                return ""

    def url(self) -> URL:
        """The logical URL behind ``/api``: its path begins with the service's own name."""
        return self._at(self.service, self.segments[1:])

    def shop_url(self) -> URL:
        """The logical URL of the same path at the shop."""
        return self._at(SHOP, self.segments)

    def _at(self, service: str, segments: tuple[str, ...]) -> URL:
        path = "".join(f"/{quote(segment, safe='')}" for segment in segments)
        return URL(f"http://{service}{path}{'?' if self.query else ''}{self.query}")


def parse(raw: str) -> Target:
    """Take the target of a request line apart.

    Raises:
        Problem: 400, for everything that has a second reading.
    """
    path, _, query = raw.partition("?")
    if not path.startswith("/") or not _PATH.fullmatch(path):
        raise Problem(400, "the request target must be a plain absolute path, optionally with a query")
    if not _QUERY.fullmatch(query):
        raise Problem(400, "the query has characters that must be encoded")
    return Target(tuple(_decoded(segment) for segment in path[1:].split("/")), query)


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
