"""The files that belong to pages: few and small, so they are kept in memory and named by their content.

A page asks for ``/static/shop.css?v=<digest>``. Under that name the content never changes, so browsers may keep it;
when two versions of a service run side by side, the wrong one answers for this once, and nobody keeps that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, web

from discovery.web import Problem

_SHARED = Path(__file__).with_name("static")
_TYPES: Mapping[str, str] = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    type: str
    digest: str


class Assets:
    """All files in ``static`` of the service whose folder is *home*, and those that all pages share, as they were when
    the process began; for a route ``{path}/{name}``.
    """

    def __init__(self, home: Path, path: str = "/static") -> None:
        self._path = path
        self._assets = {each.name: _read(each) for folder in (home / "static", _SHARED) for each in folder.iterdir()}

    def url(self, name: str) -> str:
        """Where a page finds the file."""
        return f"{self._path}/{name}?v={self._assets[name].digest}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the file that is called so."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise Problem(404, "There is nothing under this address.")
        lasting = request.query.get("v") == asset.digest
        tags = request.if_none_match or ()
        known = any(tag.value in {asset.digest, "*"} for tag in tags)
        response = web.Response(
            status=304 if known else 200,
            body=None if known else asset.content,
            content_type=asset.type,
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"},
        )
        response.etag = ETag(asset.digest)
        return response


def _read(path: Path) -> _Asset:
    content = path.read_bytes()
    return _Asset(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])
