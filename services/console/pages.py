"""The files of the page, read once: each with its type, and a mark of its content by which browsers know it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from aiohttp import hdrs, web

from services.kit.problem import Problem

FOLDER = Path(__file__).parent / "static"

_SHELL = "index.html"
# Browsers run no script and draw no picture whose type they are not told.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# They are marked, so asking again costs a few bytes, and a new version is seen at once.
_ASK_AGAIN = "no-cache"

# Every page is the same document; its script looks at the address.
PAGES = ("/", "/services/{name}", "/traces", "/trace/{id}", "/map")


class Pages:
    """What is in *folder*. A name that is not there cannot lead anywhere else: names are only compared."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = dict(_read(folder))

    def add_routes(self, app: web.Application) -> None:
        """Answer for all pages, and for the files below ``/static``."""
        for path in PAGES:
            app.router.add_get(path, self.page)
        app.router.add_get("/static/{name:.+}", self.file)

    async def page(self, request: web.Request) -> web.Response:
        """Any page."""
        return self._answer(request, _SHELL)

    async def file(self, request: web.Request) -> web.Response:
        """``GET /static/...``."""
        return self._answer(request, request.match_info["name"])

    def _answer(self, request: web.Request, name: str) -> web.Response:
        if name not in self._files:
            raise Problem(404, "there is nothing here")
        body, etag, content_type = self._files[name]
        headers = {hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: _ASK_AGAIN}
        if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers={**headers, hdrs.CONTENT_TYPE: content_type})


def _read(folder: Path) -> Iterator[tuple[str, tuple[bytes, str, str]]]:
    for path in folder.rglob("*"):
        if path.suffix in _TYPES and path.is_file():
            body = path.read_bytes()
            etag = hashlib.sha256(body).hexdigest()[:32]
            yield path.relative_to(folder).as_posix(), (body, etag, _TYPES[path.suffix])
