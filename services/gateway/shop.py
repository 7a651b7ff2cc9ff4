"""Every path that is neither the API's nor about ourselves: the shop's pages, or one that says that it is away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

import discovery
from discovery.web import Problem
from services.gateway import page
from services.gateway.entrance import TARGET
from services.gateway.relay import relay
from services.gateway.side import Side
from services.gateway.target import PREFIX, RESERVED, SHOP
from services.gateway.tunnel import is_asked_for, tunnel

PATH = rf"/{{rest:(?!(?:{'|'.join(map(re.escape, RESERVED))})(?:/|$)).*}}"

_AWAY: Mapping[str, str] = MappingProxyType({"Retry-After": "2", **page.NEGOTIATED})


async def shop(request: web.Request) -> web.StreamResponse:
    """The same path at the shop, which needs no public tag: to lead to it is what this gateway is for."""
    mesh = request.app[discovery.MESH]
    # One that nobody registered is away at once; a call would wait for it to come.
    if SHOP not in await mesh.names(SHOP):
        return _away(request)
    try:
        carry = tunnel if is_asked_for(request) else relay
        return await carry(request, mesh, request[TARGET].shop_url(), Side.SHOP)
    except discovery.CallError as error:
        return _away(request, error)


def _away(request: web.Request, error: discovery.CallError | None = None) -> web.Response:
    if page.wanted(request):
        return request.app[page.PAGES].page("away.html", status=503, headers=_AWAY)
    raise Problem(503, f"the shop gave no answer; the API is at /{PREFIX}", headers=_AWAY) from error
