"""To which page of the shop somebody goes next, where a request says so. Whoever made a link may have said anything."""

from __future__ import annotations

import re

from aiohttp import hdrs, web
from multidict import MultiMapping

# "//host" would be somebody else's page, and so is "/\\host" to a browser. No search of ours is as long.
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")


def page_of_ours(text: str) -> str:
    """*text*, if it is the address of a page here; or else that of the first one."""
    return text if _OURS.fullmatch(text) else "/"


def page_of(request: web.Request) -> str:
    """The page that *request* asks for, or that the form is on which it sends; the first one, where nobody says."""
    if request.method != hdrs.METH_POST:
        return page_of_ours(request.path_qs)
    here = f"{scheme_of(request)}://{host_of(request)}"
    referer = request.headers.get(hdrs.REFERER, "")
    return page_of_ours(referer[len(here) :]) if referer.startswith(f"{here}/") else "/"


def scheme_of(request: web.Request) -> str:
    """How the browser came. Behind the gateway it is the gateway who knows; it drops what a browser says about that."""
    return "https" if request.secure else _said(request.headers, "X-Forwarded-Proto") or "http"


def host_of(request: web.Request) -> str:
    """Where the browser thinks that it is."""
    return _said(request.headers, "X-Forwarded-Host") or _said(request.headers, hdrs.HOST)


def _said(headers: MultiMapping[str], name: str) -> str:
    return headers.get(name, "").strip().lower()
