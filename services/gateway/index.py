"""``/api``: what can be tried here, for programs as JSON and for browsers as a page."""

from __future__ import annotations

from html import escape

from aiohttp import web

import discovery
from services.gateway import page
from services.gateway.published import published
from services.gateway.target import PREFIX

_BODY = """<p>Each service below was found in the registry. A path is <code>/api/&lt;service&gt;/…</code>.</p>
<ul>{items}</ul>
<p>The shop is at <a href="/">/</a>.</p>"""


async def index(request: web.Request) -> web.Response:
    """``GET /api``."""
    found = sorted(await published(request.app[discovery.MESH]))
    tries = {name: (f"/{PREFIX}/{name}", f"/{PREFIX}/{name}/1", f"/{PREFIX}/{name}?limit=3") for name in found}
    if page.wanted(request):
        links = "".join(
            f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for paths in tries.values() for path in paths
        )
        return page.response(page.render("API", _BODY.format(items=links or "<li>none at the moment</li>")))
    services = [{"service": name, "try": list(paths)} for name, paths in tries.items()]
    return web.json_response({"services": services, "health": "/health/ready"}, headers=page.NEGOTIATED)
