"""Our own pages: what can be asked here and tried, what a problem means, and that the shop is away.

Names, words and examples are strangers', and everything is escaped. What runs and what it looks like comes from here
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp import web

from services.gateway.table import STATIC
from services.gateway.target import PREFIX
from services.kit.pages.assets import Assets
from services.kit.pages.environment import environment

# A program and a browser are answered differently, and no cache may give one what is the other's.
NEGOTIATED: Mapping[str, str] = MappingProxyType({"Vary": "Accept"})

_HERE = Path(__file__).parent
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


class Pages:
    """Knows the templates and their files; traces are at *console_url*, if anywhere."""

    def __init__(self, console_url: str = "") -> None:
        self.assets = Assets(_HERE, f"/{PREFIX}/{STATIC}")
        self._environment = environment(_HERE, asset=self.assets.url, console_url=console_url, api=f"/{PREFIX}")
        self._written: tuple[object, str] = (None, "")

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] = NEGOTIATED, **facts: Any
    ) -> web.Response:
        """The answer that brings the page which *template* makes of *facts*."""
        return _answer(self._environment.get_template(template).render(facts), status, headers)

    def kept(self, template: str, **facts: Any) -> web.Response:
        """The same, written anew only for other *facts* than before: a large page takes as long as several requests."""
        if self._written[0] != (template, facts):
            self._written = (template, facts), self._environment.get_template(template).render(facts)
        return _answer(self._written[1], 200, NEGOTIATED)


def _answer(text: str, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        status=status,
        text=text,
        content_type="text/html",
        headers={
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            **headers,
        },
    )


PAGES = web.AppKey("pages", Pages)


def wanted(request: web.Request) -> bool:
    """Whether it is a browser that asks."""
    return "text/html" in request.headers.get("Accept", "")
