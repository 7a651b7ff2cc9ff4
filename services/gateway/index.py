"""``/api``: what can be tried here, for programs as JSON and for browsers as a page."""

from __future__ import annotations

from html import escape

from aiohttp import web

import discovery
from services.gateway import page
from services.gateway.published import PUBLISHED
from services.gateway.target import PREFIX

_BODY = """<p>Each service below was found in the registry. A path is <code>/api/&lt;service&gt;/…</code>.</p>
<ul>{items}</ul>
<p>The shop is at <a href="/">/</a>.</p>"""


async def index(request: web.Request) -> web.Response:
    """``GET /api``."""
    published = request.app[PUBLISHED]
    present = await published.heard(request.app[discovery.MESH])
    tries = {name: [f"/{PREFIX}{path}" for path in published.table.open_paths(name)] for name in sorted(present)}
    if page.wanted(request):
        links = "".join(
            f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for paths in tries.values() for path in paths
        )
        return page.response(page.render("API", _BODY.format(items=links or "<li>none at the moment</li>")))
    services = [{"service": name, "try": paths} for name, paths in tries.items()]
    refused = [str(refusal) for refusal in published.table.refused]
    return web.json_response(
        {"services": services, "refused": refused, "health": "/health/ready"}, headers=page.NEGOTIATED
    )
