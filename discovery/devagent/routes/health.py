"""``/v1/health``: services with their checks, which is what callers discover by."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from discovery.devagent import render, shapes
from discovery.devagent.api import AGENT, endpoint, name, read
from discovery.devagent.query import DATACENTER, flag
from discovery.devagent.records import Endpoint, Status
from discovery.devagent.refusal import Refused


async def service(request: web.Request) -> web.Response:
    catalog, wanted = request.app[AGENT].catalog, name(request, "Missing service name")
    passing, tags = _passing(request), request.query.getall("tag", [])

    def fits(endpoint: Endpoint) -> bool:
        healthy = all(check.value.status is Status.PASSING for check in endpoint.checks)
        return (healthy or not passing) and set(tags) <= set(endpoint.service.value.tags)

    return await read(
        request,
        lambda: catalog.service_index(wanted, with_checks=True),
        lambda: [render.endpoint(one, DATACENTER) for one in catalog.endpoints(wanted) if fits(one)],
        shapes.ENDPOINT,
        exists=lambda: catalog.exists(wanted),
        streams="near" not in request.query,
    )


async def checks(request: web.Request) -> web.Response:
    wanted = name(request, "Missing service name").lower()
    return await _list(request, lambda check: check["ServiceName"].lower() == wanted)


async def node(request: web.Request) -> web.Response:
    wanted = name(request, "Missing node name")
    return await _list(request, lambda check: check["Node"] == wanted)


async def state(request: web.Request) -> web.Response:
    wanted = name(request, "Missing check state")
    return await _list(request, lambda check: wanted in {"any", check["Status"]})


async def _list(request: web.Request, wanted: Any) -> web.Response:
    catalog = request.app[AGENT].catalog
    return await read(
        request,
        lambda: catalog.checks_index,
        lambda: [check for check in (render.stored_check(*one) for one in catalog.checks()) if wanted(check)],
        shapes.CHECK,
    )


def _passing(request: web.Request) -> bool:
    passing = flag(request.query, "passing")
    if passing is None:
        raise Refused(400, "Invalid value for ?passing")
    return passing


ROUTES = [
    endpoint("/v1/health/service/{rest:.*}", GET=service),
    endpoint("/v1/health/checks/{rest:.*}", GET=checks),
    endpoint("/v1/health/node/{rest:.*}", GET=node),
    endpoint("/v1/health/state/{rest:.*}", GET=state),
]
