from __future__ import annotations

import re
from pathlib import Path

from observability.console.pages import FOLDER
from tests.observability.console.support import console

PAGES = [
    "/",
    "/services/ports",
    "/services/%3Cscript%3E",
    "/services/%7B%7D",
    "/traces?q=x",
    f"/trace/{'a' * 32}",
    "/map",
]
MARK = re.compile(r"/static/[0-9a-f]{32}/")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


async def test_every_page_is_the_same_document_whose_script_looks_at_the_address(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for path in PAGES:
            answer = await one(path)
            assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), path
            assert MARK.sub("/static/", answer.text) == (FOLDER / "index.html").read_text(encoding="utf-8")
            assert "<script>" not in answer.text


async def test_what_the_page_names_is_asked_for_once(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        marks = set(MARK.findall((await one("/")).text))
        assert len(marks) == 1
        marked = await one(f"{marks.pop()}main.js")
        assert marked.text == (FOLDER / "main.js").read_text(encoding="utf-8")
        assert marked.headers["Cache-Control"] == "max-age=31536000, immutable"
        assert (await one(f"/static/{'0' * 32}/main.js")).status == 404


async def test_files_have_types_that_browsers_accept_and_are_sent_once(tmp_path: Path) -> None:
    files = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    assert {path.suffix for path in files} == TYPES.keys()
    async with console(tmp_path) as one:
        for file in files:
            path = f"/static/{file.relative_to(FOLDER).as_posix()}"
            async with one.client.session.get(f"http://{one.client.address}{path}") as answer:
                assert (answer.status, answer.headers["Content-Type"]) == (200, TYPES[file.suffix]), path
                assert await answer.read() == file.read_bytes()
                etag = answer.headers["ETag"]
            again = await one(path, headers={"If-None-Match": etag})
            assert (again.status, again.text, again.headers["ETag"]) == (304, "", etag)
            other = {"If-None-Match": '"other"'}
            assert (await one.client("HEAD", path, headers=other)).status == 200
            assert again.headers["Cache-Control"] == "no-cache"


async def test_a_browser_that_goes_astray_is_told_so_by_the_page(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        page = (await one("/")).text
        for path in ("/services/ports/", "/services", "/no/such/page", "/data/nowhere", "/map/"):
            answer = await one(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
            assert (answer.status, answer.text) == (404, page), path
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
            assert answer.headers["Cache-Control"] == "no-store"
            for accepted in ("*/*", "application/json"):
                assert (await one(path, headers={"Accept": accepted})).fields == [], path


NOWHERE = [
    "nowhere.js",
    "",
    "vendor",
    "../app.py",
    "..%2fapp.py",
    "%2e%2e/app.py",
    "../../../../etc/passwd",
    "/etc/passwd",
    "index.html/",
    "index.html%00",
]


async def test_nothing_else_is_served(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for path in NOWHERE:
            head = f"GET /static/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            answer = await one.client.raw(head.encode())
            assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), path
            assert b"root:" not in answer
