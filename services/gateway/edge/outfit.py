"""All of the edge, put on the application of a gateway."""

from __future__ import annotations

from aiohttp import web

import discovery
from services.gateway.edge import access, compression, cors, hosts, limits, proxies, request_id, secure
from services.gateway.edge.settings import EdgeSettings
from services.gateway.entrance import CHECKS


def put_on(app: web.Application, settings: EdgeSettings) -> None:
    """Let *app* do what *settings* say, around the middlewares that it has."""
    app[limits.LIMITS] = limits.Limits(settings, discovery.Surroundings().clock.now)
    if settings.hosts:
        app[CHECKS].append(hosts.only(settings.hosts))
    # What is refused for having two readings is counted for no route; all else is counted before it costs more.
    app[CHECKS].append(limits.check)
    if settings.cors_origins:
        app[cors.CORS] = allowing = cors.Cors(settings.cors_origins)
        app.middlewares.append(cors.answered)
        app.on_response_prepare.append(allowing.tell)
    # Next to what makes answers: a problem is too small for it.
    app.middlewares.append(compression.compressed)
    # Nothing goes out without a name, problems included.
    app.middlewares.insert(0, access.recorded if settings.access_log else access.named)
    # Whoever counts, tells or refuses is to know who asks.
    if settings.proxies:
        app.middlewares.insert(0, proxies.behind(settings.proxies))
    app.cleanup_ctx.append(limits.shared)
    app.on_response_prepare.append(request_id.tell)
    app.on_response_prepare.append(limits.tell)
    if settings.access_log:
        app[access.ACCESS] = access.Access(settings.access_log)
        app.on_response_prepare.append(access.remember)
    if settings.hsts_s is not None:
        app.on_response_prepare.append(secure.strict(settings.hsts_s))
    if settings.http_port:
        app.cleanup_ctx.append(secure.redirecting(settings.http_port, settings.hosts))
