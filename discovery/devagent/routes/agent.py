"""``/v1/agent``: what this agent runs. Here services; checks and the rest are beside it."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from discovery.devagent import body, definitions, filters, render, shapes
from discovery.devagent.api import AGENT, endpoint, shown
from discovery.devagent.query import DATACENTER, flag, switch, wait
from discovery.devagent.records import Status
from discovery.devagent.refusal import Refused

# Consul's words for an id that it does not know, shared by everything that takes one.
UNKNOWN_SERVICE = 'Unknown service ID "{}". Ensure that the service ID is passed, not the service name.'


async def register(request: web.Request) -> web.Response:
    sent = await body.read_object(request, definitions.SERVICE)
    service, checks = definitions.service(sent)
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
    shown_service = render.agent_service(known, DATACENTER)
    datacenter = shown_service.pop("Datacenter")
    return shown(
        request,
        {**shown_service, "ContentHash": content(), "Datacenter": datacenter},
        {"X-Consul-ContentHash": content()},
    )


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


async def health_by_id(request: web.Request) -> web.Response:
    agent, service_id = request.app[AGENT], request.match_info["rest"]
    if not service_id:
        raise Refused(400, "Missing serviceID")
    if service_id not in agent.local.services:
        return _health(request, 404, _state(None, [], "critical"), f"ServiceId {service_id} not found")
    state = _service_state(request, service_id)
    return _health(request, _HEALTH_STATUS[state["AggregatedStatus"]], state, state["AggregatedStatus"])


async def health_by_name(request: web.Request) -> web.Response:
    service_name = request.match_info["rest"]
    if not service_name:
        raise Refused(400, "Missing service Name")
    states = [
        _service_state(request, service_id)
        for service_id, service in sorted(request.app[AGENT].local.services.items())
        if service.name == service_name
    ]
    if not states:
        return _health(request, 404, [], f"ServiceName {service_name} Not Found")
    worst = max((state["AggregatedStatus"] for state in states), key=_SEVERITY.index)
    return _health(request, _HEALTH_STATUS[worst], states, worst)


_SEVERITY = ("passing", "warning", "critical", "maintenance")
_HEALTH_STATUS = {"passing": 200, "warning": 429, "critical": 503, "maintenance": 503}


def _service_state(request: web.Request, service_id: str) -> Any:
    agent = request.app[AGENT]
    checks = [*agent.local.checks_of(service_id), *agent.local.checks_of("")]
    worst = max((check.status for check in checks), key=_SEVERITY.index, default=Status.PASSING)
    maintained = any(check.type == "maintenance" for check in checks)
    return _state(
        render.agent_service(agent.local.services[service_id], DATACENTER),
        [render.agent_health_check(check, agent.node.name) for check in checks],
        "maintenance" if maintained else worst,
    )


def _state(service: Any, checks: list[Any], status: str) -> dict[str, Any]:
    return {"AggregatedStatus": status, "Service": service, "Checks": checks or None if service is None else checks}


def _health(request: web.Request, status: int, value: Any, reason: str) -> web.Response:
    headers = {"X-Consul-Reason": reason}
    if request.query.get("format") == "text":
        return web.Response(status=status, text=reason, headers=headers)
    return shown(request, value, headers, status=status)


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
    endpoint("/v1/agent/health/service/id/{rest:.*}", GET=health_by_id),
    endpoint("/v1/agent/health/service/name/{rest:.*}", GET=health_by_name),
]
