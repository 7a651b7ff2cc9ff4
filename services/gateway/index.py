"""``/``: what can be tried here, for programs as JSON and for browsers as a page."""

from __future__ import annotations

from html import escape

from aiohttp import web

import discovery
from services.gateway.published import published
from services.gateway.target import PREFIX

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Gateway</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }}</style>
<h1>Gateway</h1>
<p>Each service below was found in the registry. A path is <code>/api/&lt;service&gt;/…</code>.</p>
<ul>{items}</ul>
</html>
"""


async def index(request: web.Request) -> web.Response:
    """``GET /``."""
    found = sorted(await published(request.app[discovery.MESH]))
    tries = {name: (f"/{PREFIX}/{name}", f"/{PREFIX}/{name}/1", f"/{PREFIX}/{name}?limit=3") for name in found}
    if "text/html" in request.headers.get("Accept", ""):
        links = "".join(
            f'<li><a href="{escape(path)}">{escape(path)}</a></li>' for paths in tries.values() for path in paths
        )
        page = _PAGE.format(items=links or "<li>none at the moment</li>")
        return web.Response(text=page, content_type="text/html", headers={"Vary": "Accept"})
    services = [{"service": name, "try": list(paths)} for name, paths in tries.items()]
    return web.json_response({"services": services, "health": "/health/ready"}, headers={"Vary": "Accept"})
