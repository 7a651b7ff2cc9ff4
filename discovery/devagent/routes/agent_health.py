"""``/v1/agent/health``: one word about an instance, as a status that a load balancer understands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from discovery.devagent import render
from discovery.devagent.api import AGENT, endpoint, shown
from discovery.devagent.query import DATACENTER
from discovery.devagent.records import worst
from discovery.devagent.refusal import Refused

_MAINTENANCE = "maintenance"
_STATUS = {"passing": 200, "warning": 429, "critical": 503, _MAINTENANCE: 503}


async def by_id(request: web.Request) -> web.Response:
    service_id = request.match_info["rest"]
    if not service_id:
        raise Refused(400, "Missing serviceID")
    if service_id not in request.app[AGENT].local.services:
        unknown = {"AggregatedStatus": "critical", "Service": None, "Checks": None}
        return _answer(request, 404, f"ServiceId {service_id} not found", unknown)
    summary = _summary(request, service_id)
    return _answer(request, _STATUS[summary["AggregatedStatus"]], summary["AggregatedStatus"], summary)


async def by_name(request: web.Request) -> web.Response:
    name = request.match_info["rest"]
    if not name:
        raise Refused(400, "Missing service Name")
    services = sorted(request.app[AGENT].local.services.items())
    summaries = [_summary(request, service_id) for service_id, service in services if service.name == name]
    if not summaries:
        return _answer(request, 404, f"ServiceName {name} Not Found", [])
    said = _worst_word(summary["AggregatedStatus"] for summary in summaries)
    return _answer(request, _STATUS[said], said, summaries)


def _summary(request: web.Request, service_id: str) -> dict[str, Any]:
    agent = request.app[AGENT]
    checks = [*agent.local.checks_of(service_id), *agent.local.checks_of("")]
    maintained = any(check.type == _MAINTENANCE for check in checks)
    return {
        "AggregatedStatus": _MAINTENANCE if maintained else worst(check.status for check in checks),
        "Service": render.agent_service(agent.local.services[service_id], DATACENTER),
        "Checks": [render.agent_health_check(check, agent.node.name) for check in checks],
    }


def _worst_word(words: Iterable[str]) -> str:
    return max(words, key=list(_STATUS).index)


def _answer(request: web.Request, status: int, reason: str, summary: Any) -> web.Response:
    # A header is one line, whatever the name in it.
    headers = {"X-Consul-Reason": " ".join(reason.split())}
    if request.query.get("format") == "text":
        return web.Response(status=status, text=reason, headers=headers)
    return shown(request, summary, headers, status=status)


ROUTES = [
    endpoint("/v1/agent/health/service/id/{rest:.*}", GET=by_id),
    endpoint("/v1/agent/health/service/name/{rest:.*}", GET=by_name),
]
