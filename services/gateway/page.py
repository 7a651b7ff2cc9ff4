"""Our own two pages: what can be asked here, and that the shop is away. Each is whole in itself."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from aiohttp import web

# A program and a browser are answered differently, and no cache may give one what is the other's.
NEGOTIATED: Mapping[str, str] = MappingProxyType({"Vary": "Accept"})

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""


def wanted(request: web.Request) -> bool:
    """Whether it is a browser that asks."""
    return "text/html" in request.headers.get("Accept", "")


def render(title: str, body: str) -> str:
    """A page of a *title*, which is text, and of a *body*, which is HTML."""
    return _PAGE.format(title=escape(title), body=body)


def response(text: str, *, status: int = 200, headers: Mapping[str, str] = NEGOTIATED) -> web.Response:
    """The answer that brings a page."""
    return web.Response(
        status=status, text=text, content_type="text/html", headers={**headers, "Content-Security-Policy": _POLICY}
    )
