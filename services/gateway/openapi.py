"""``/openapi.json``: the merged document, made anew when one of its parts has changed."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

from aiohttp import ETag, web

import discovery
from services.gateway.merged import merge
from services.gateway.published import PUBLISHED, Published
from services.gateway.sheet import Chapter, sheet

PATHS = ("/openapi.json", "/api/openapi.json")


class Whole:
    """The merged document as bytes, its tag, and what a page shows of it."""

    def __init__(self) -> None:
        self._made_of: tuple[object, ...] | None = None
        self.raw = b""
        self.tag = ""
        self.chapters: list[Chapter] = []
        self.merged: dict[str, Any] = {}

    def of(self, published: Published) -> Whole:
        """The same, of what is *published* now."""
        documents = published.documents
        made_of = (published.table.prefixes, *[(service, id(document)) for service, document in documents.items()])
        if made_of != self._made_of:
            self.merged = merge(published.table, documents)
            self.raw = json.dumps(self.merged, ensure_ascii=False).encode()
            self.tag = blake2b(self.raw, digest_size=8).hexdigest()
            self.chapters = sheet(self.merged)
            self._made_of = made_of
            self._kept = documents  # so that no other document gets the id of one of them
        return self

    def names(self, method: str, path: str) -> bool:
        """Whether that can be asked."""
        return method in self.merged["paths"].get(path, ())


WHOLE = web.AppKey("whole", Whole)


async def openapi(request: web.Request) -> web.Response:
    """``GET /openapi.json``."""
    published = request.app[PUBLISHED]
    await published.heard(request.app[discovery.MESH])
    whole = request.app[WHOLE].of(published)
    known = any(tag.value in {whole.tag, "*"} for tag in request.if_none_match or ())
    response = web.Response(
        status=304 if known else 200,
        body=None if known else whole.raw,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-cache"},
    )
    response.etag = ETag(whole.tag)
    return response
