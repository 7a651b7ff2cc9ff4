"""``/ui/``: what this is, and what is registered, as a page without a script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from aiohttp import web

from discovery.devagent.api import AGENT, endpoint
from discovery.devagent.catalog import Catalog
from discovery.devagent.records import Endpoint, worst

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d1d9e0; vertical-align: top }
code { background: #f0f1f3; padding: .1rem .3rem; border-radius: .2rem }
.passing { color: #116329 } .warning { color: #7d4e00 } .critical { color: #a40e26; font-weight: 600 }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>Devagent</title>
<style>{style}</style>
</head>
<body>
<h1>Devagent</h1>
<p>This is not Consul. It is Proconsul's <strong>devagent</strong>: a Consul agent in memory that speaks Consul's HTTP
API, for development and tests. What it knows is gone when it stops.</p>
<p>For Consul itself, with its web interface on this page: <code>consul agent -dev</code>.
HashiCorp's command line works here too: <code>CONSUL_HTTP_ADDR={address} consul catalog services -tags</code>.</p>
<h2>Services</h2>
<table>
<thead><tr><th>Service</th><th>Instance</th><th>Address</th><th>Tags</th><th>Health</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


async def page(request: web.Request) -> web.Response:
    agent = request.app[AGENT]
    rows = "\n".join(_rows(agent.catalog)) or '<tr><td colspan="5">None is registered yet.</td></tr>'
    text = _PAGE.format(style=_STYLE, address=escape(agent.server), rows=rows)
    return web.Response(text=text, content_type="text/html", headers=_HEADERS)


async def start(request: web.Request) -> web.Response:
    return web.Response(status=301, headers={"Location": "/ui/"})


def _rows(catalog: Catalog) -> Iterator[str]:
    for service in catalog.names():
        yield from (_row(instance) for instance in catalog.endpoints(service))


def _row(instance: Endpoint) -> str:
    service, checks = instance.service.value, [check.value for check in instance.checks]
    health = worst(check.status for check in checks)
    # Behind the words, what the unhappy checks say.
    said = "\n".join(f"{check.name}: {check.output or check.notes}" for check in checks if check.status is health)
    host = service.address or instance.node.value.address
    address = f"[{host}]:{service.port}" if ":" in host else f"{host}:{service.port}"
    cells = (service.name, service.id, address if service.port else host, ", ".join(service.tags))
    plain = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr>{plain}<td class="{health}" title="{escape(said)}">{health}</td></tr>'


ROUTES = [endpoint("/", GET=start), endpoint("/ui", GET=start), endpoint("/ui/{rest:.*}", GET=page)]
