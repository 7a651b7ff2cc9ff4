"""``/v1/agent/service``: what this agent runs; and taking it out of use for a while."""

from __future__ import annotations

from aiohttp import web

from discovery.devagent import body, definitions, filters, render, sent, shapes
from discovery.devagent.api import AGENT, endpoint, shown
from discovery.devagent.query import DATACENTER, flag, switch, wait
from discovery.devagent.refusal import Refused

# Consul's words for an id that it does not know, shared by everything that takes one.
UNKNOWN_SERVICE = 'Unknown service ID "{}". Ensure that the service ID is passed, not the service name.'


async def register(request: web.Request) -> web.Response:
    service, checks = definitions.service(await body.read_object(request, sent.SERVICE))
    replaced = flag(request.query, "replace-existing-checks") is True
    request.app[AGENT].register(service, checks, replace_checks=replaced)
    return web.Response()


async def deregister(request: web.Request) -> web.Response:
    agent, service_id = request.app[AGENT], request.match_info["rest"]
    if service_id not in agent.local.services:
        raise Refused(404, UNKNOWN_SERVICE.format(service_id))
    agent.deregister(service_id)
    return web.Response()


async def services(request: web.Request) -> web.Response:
    chosen = filters.compile(request.query.get("filter", ""), shapes.AGENT_SERVICE)
    known = {
        service_id: render.agent_service(service, DATACENTER)
        for service_id, service in sorted(request.app[AGENT].local.services.items())
    }
    return shown(request, {service_id: one for service_id, one in known.items() if chosen(one)})


async def service(request: web.Request) -> web.Response:
    """One service; with ``?hash=`` blocks until its content differs, or until it is gone."""
    agent, service_id = request.app[AGENT], request.match_info["rest"]
    seen, wait_s = request.query.get("hash", ""), wait(request.query)

    def content() -> str:
        known = agent.local.services.get(service_id)
        return render.content_hash(known) if known else ""

    if seen and service_id in agent.local.services:
        await agent.patience.until(lambda: content() != seen, wait_s)
    known = agent.local.services.get(service_id)
    if known is None:
        raise Refused(404, f"unknown service ID: {service_id}")
    entry = render.agent_service(known, DATACENTER)
    datacenter = entry.pop("Datacenter")
    entry |= {"ContentHash": render.content_hash(known), "Datacenter": datacenter}
    return shown(request, entry, {"X-Consul-ContentHash": entry["ContentHash"]})


async def service_maintenance(request: web.Request) -> web.Response:
    agent, service_id = request.app[AGENT], request.match_info["rest"]
    if not service_id:
        raise Refused(400, "Missing service ID")
    enabled = _enable(request)
    if service_id not in agent.local.services:
        raise Refused(404, UNKNOWN_SERVICE.format(service_id))
    agent.set_maintenance(service_id, request.query.get("reason", ""), enabled=enabled)
    return web.Response()


async def node_maintenance(request: web.Request) -> web.Response:
    request.app[AGENT].set_maintenance("", request.query.get("reason", ""), enabled=_enable(request))
    return web.Response()


def _enable(request: web.Request) -> bool:
    if "enable" not in request.query:
        raise Refused(400, "Missing value for enable")
    raw = request.query["enable"]
    enabled = switch(raw)
    if enabled is None:
        raise Refused(400, f'Invalid value for enable: "{raw}"')
    return enabled


ROUTES = [
    endpoint("/v1/agent/service/register", PUT=register),
    endpoint("/v1/agent/service/deregister/{rest:.*}", PUT=deregister),
    endpoint("/v1/agent/service/maintenance/{rest:.*}", PUT=service_maintenance),
    endpoint("/v1/agent/services", GET=services),
    endpoint("/v1/agent/service/{rest:.*}", GET=service),
    endpoint("/v1/agent/maintenance", PUT=node_maintenance),
]
