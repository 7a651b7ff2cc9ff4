"""``/problems/NAME``: what to do about a kind of problem, to which the ``type`` of such an answer leads."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from discovery.web import Problem
from services.gateway import page
from services.gateway.page import PAGES
from services.kit.problems import KINDS


async def remedy(request: web.Request) -> web.Response:
    """``GET /problems/{name}``."""
    kind = KINDS.get(request.match_info["name"])
    if kind is None:
        raise Problem(404, "no answer is of a kind that is called so")
    if page.wanted(request):
        return request.app[PAGES].page("problem.html", kind=kind)
    return web.json_response({"type": kind.type, **asdict(kind)}, headers=page.NEGOTIATED)
