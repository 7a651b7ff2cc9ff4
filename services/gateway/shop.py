"""Every path that is neither the API's nor about ourselves: the shop's pages, or one that says that it is away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import hdrs, web

import discovery
from discovery.web import Problem
from services.gateway import page
from services.gateway.entrance import TARGET
from services.gateway.relay import carry_back, carry_there
from services.gateway.side import Side
from services.gateway.target import PREFIX, RESERVED, SHOP
from services.gateway.tunnel import is_asked_for, tunnel

PATH = rf"/{{rest:(?!(?:{'|'.join(map(re.escape, RESERVED))})(?:/|$)).*}}"

# How long a browser waits for a page. A form has the time of any call: to give one up leaves open whether it was done.
PAGE_S = web.AppKey("page_s", float)

_HTML = "text/html"
_AWAY: Mapping[str, str] = MappingProxyType({"Retry-After": "2", **page.NEGOTIATED})


async def shop(request: web.Request) -> web.StreamResponse:
    """The same path at the shop, which needs no public tag: to lead to it is what this gateway is for."""
    mesh = request.app[discovery.MESH]
    # One that nobody registered is away at once; a call would wait for it to come.
    if SHOP not in await mesh.names(SHOP):
        return _away(request)
    url = request[TARGET].shop_url()
    try:
        if is_asked_for(request):
            return await tunnel(request, mesh, url, Side.SHOP)
        within_s = request.app[PAGE_S] if request.method == hdrs.METH_GET and page.wanted(request) else None
        answer = await carry_there(request, mesh, url, Side.SHOP, within_s)
        if answer.status >= 500 and answer.content_type != _HTML and page.wanted(request):
            async with answer:
                return _away(request)
        return await carry_back(request, answer, url, Side.SHOP)
    except discovery.CallError as error:
        return _away(request, error)


def _away(request: web.Request, error: discovery.CallError | None = None) -> web.Response:
    if page.wanted(request):
        return request.app[page.PAGES].page("away.html", status=503, headers=_AWAY)
    raise Problem(503, f"the shop gave no answer; the API is at /{PREFIX}", headers=_AWAY) from error
