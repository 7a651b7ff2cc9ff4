"""The files of the page, read once.

The page names them below a mark of all their content, so a browser asks for each of them once and never again, and
for all of them anew when one has changed. Under their plain names they can be asked for, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from discovery.web import Problem

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
_ASK_AGAIN = "no-cache"
_NEVER_AGAIN = "max-age=31536000, immutable"

_PREFIX = "/static/"
# Every page is the same document; its script looks at the address.
PAGES = ("/", "/services/{name:[^/]+}", "/traces", "/trace/{id}", "/map")


class Pages:
    """What is in *folder*. A name that is not there cannot lead anywhere else: names are only compared."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = dict(_read(folder))
        self._mark = _digest(b"".join(body for _, (body, _) in sorted(self._files.items())))
        self._shell = self._files[_SHELL][0].replace(_PREFIX.encode(), f"{_PREFIX}{self._mark}/".encode())

    def add_routes(self, app: web.Application) -> None:
        """Answer for all pages, for the files below ``/static``, and to whoever goes astray."""
        for path in PAGES:
            app.router.add_get(path, self.page)
        app.router.add_get(_PREFIX + "{name:.+}", self.file)

        @web.middleware
        async def astray(request: web.Request, handler: Handler) -> web.StreamResponse:
            """To a browser, an address that leads nowhere is a page as well: the script says so, with a way on."""
            try:
                return await handler(request)
            except web.HTTPNotFound:
                if "text/html" not in request.headers.get(hdrs.ACCEPT, ""):
                    raise
                return web.Response(status=404, body=self._shell, headers={hdrs.CONTENT_TYPE: _TYPES[".html"]})

        app.middlewares.append(astray)

    async def page(self, request: web.Request) -> web.Response:
        """Any page."""
        return _answer(request, self._shell, _TYPES[".html"], _ASK_AGAIN)

    async def file(self, request: web.Request) -> web.Response:
        """``GET /static/...``, with the mark of all files or without."""
        name = request.match_info["name"]
        plain = name.removeprefix(f"{self._mark}/")
        if plain not in self._files:
            raise Problem(404, "there is nothing here")
        body, content_type = self._files[plain]
        return _answer(request, body, content_type, _ASK_AGAIN if plain == name else _NEVER_AGAIN)


def _answer(request: web.Request, body: bytes, content_type: str, caching: str) -> web.Response:
    etag = _digest(body)
    headers = {hdrs.ETAG: f'"{etag}"', hdrs.CACHE_CONTROL: caching}
    if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, hdrs.CONTENT_TYPE: content_type})


def _read(folder: Path) -> Iterator[tuple[str, tuple[bytes, str]]]:
    for path in folder.rglob("*"):
        if path.suffix in _TYPES and path.is_file():
            yield path.relative_to(folder).as_posix(), (path.read_bytes(), _TYPES[path.suffix])


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
