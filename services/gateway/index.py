"""``/api``: what can be asked here, for programs as JSON and for browsers as a page to try it."""

from __future__ import annotations

from aiohttp import web

import discovery
from services.gateway import page
from services.gateway.openapi import WHOLE
from services.gateway.page import PAGES
from services.gateway.published import PUBLISHED
from services.gateway.target import PREFIX

LOGIN = {"token": "/token", "refresh": "/token/refresh", "logout": "/logout", "accounts": "/accounts"}


async def index(request: web.Request) -> web.Response:
    """``GET /api``."""
    published = request.app[PUBLISHED]
    present = await published.heard(request.app[discovery.MESH])
    refused = [str(refusal) for refusal in published.table.refused]
    tries = {name: [f"/{PREFIX}{path}" for path in published.table.open_paths(name)] for name in present}
    if not page.wanted(request):
        services = [{"service": name, "try": paths} for name, paths in tries.items()]
        found = {"services": services, "refused": refused, "openapi": "/openapi.json", "health": "/health/ready"}
        return web.json_response(found, headers=page.NEGOTIATED)
    whole, documents = request.app[WHOLE].of(published), published.documents
    return request.app[PAGES].kept(
        "api.html",
        chapters=whole.chapters,
        login={name: f"/{PREFIX}{path}" if whole.names("post", path) else "" for name, path in LOGIN.items()},
        plain={name: tries[name] for name in present if name in documents and documents[name] is None},
        unheard=[name for name in present if name not in documents],
        away=[name for name in documents if name not in present],
        refused=refused,
    )
