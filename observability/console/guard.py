"""Who may ask, and what a browser may do with the answer.

The console knows much and asks nobody for a password: it listens on loopback unless told otherwise. That does not
keep out the pages of strangers that are open in the same browser, so their requests are refused by what browsers say
of them: the name under which they reached us (``Host``, which DNS rebinding cannot forge), the page that asks
(``Origin``), and how far from ours that page is (``Sec-Fetch-Site``, which comes with pictures and scripts as well).
Whoever follows a link to one of our pages is let in, and so are programs, which say nothing of this.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

import discovery
from discovery.web import Problem, shown

HOSTS = web.AppKey("hosts", frozenset[str])

_VARIABLE = "MESH_CONSOLE_HOSTS"
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# No form of HTML can send it, and no script of another page without our leave: it comes from programs.
_PROTOBUF = "application/x-protobuf"
# Fetch Metadata (W3C): a request of our own page, or one that the user made by hand.
_OWN = frozenset({"same-origin", "none"})
# What is below these is no page, and a link to it from elsewhere has no good reason.
_NO_PAGES = ("/api/", "/data/", "/static/", "/v1/")


def hosts_from_env(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The names under which the console may be reached, besides its addresses: ``MESH_CONSOLE_HOSTS``."""
    return frozenset(name.strip().lower() for name in environ.get(_VARIABLE, "").split(",") if name.strip())


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who may come in.

    Raises:
        Problem: 403 for everybody else.
    """
    host = request.headers.get(hdrs.HOST, "")
    if host and not _is_ours(_name(host), request.app):
        raise Problem(
            403, f"the console does not answer to the name {shown(host)!r}: set {_VARIABLE} to the names that it has"
        )
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and not _same(origin, host) and not _is_export(request):
        raise Problem(403, "the console answers no pages but its own")
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN and not _follows_link(request):
        raise Problem(403, "the console answers no pages but its own")
    return await handler(request)


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on an answer that tell a browser what to do with it; a signal's receiver, so on all of them."""
    response.headers.update(_ALWAYS)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def _is_export(request: web.Request) -> bool:
    return request.method == hdrs.METH_POST and request.content_type == _PROTOBUF


def _follows_link(request: web.Request) -> bool:
    """Whether a browser goes to one of our pages, in a tab of its own."""
    to_document = request.headers.get("Sec-Fetch-Mode") == "navigate" and (
        request.headers.get("Sec-Fetch-Dest") == "document"
    )
    return request.method == hdrs.METH_GET and to_document and not request.path.startswith(_NO_PAGES)


def _is_ours(name: str, app: web.Application) -> bool:
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3: never anybody else
        return True
    try:
        ip_address(name)
    except ValueError:
        config = app[discovery.MESH].config
        return bool(name) and name in {*app[HOSTS], config.host.lower(), _name(config.advertise)}
    return True


def _name(authority: str) -> str:
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _same(origin: str, host: str) -> bool:
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in {"http", "https"} and authority.lower() == host.lower()
