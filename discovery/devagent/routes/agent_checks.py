"""``/v1/agent/check``: checks of this agent, and word for those that wait for it."""

from __future__ import annotations

from aiohttp import web

from discovery.devagent import body, definitions, filters, render, sent, shapes
from discovery.devagent.api import AGENT, Handler, endpoint, shown
from discovery.devagent.records import Status
from discovery.devagent.refusal import Refused

_UNKNOWN_CHECK = 'Unknown check ID "{}". Ensure that the check ID is passed, not the check name.'


async def checks(request: web.Request) -> web.Response:
    agent = request.app[AGENT]
    chosen = filters.compile(request.query.get("filter", ""), shapes.CHECK)
    known = {
        check_id: render.check(check.state, agent.node.name) for check_id, check in sorted(agent.local.checks.items())
    }
    return shown(request, {check_id: one for check_id, one in known.items() if chosen(one)})


async def register(request: web.Request) -> web.Response:
    told = await body.read_object(request, sent.CHECK)
    definition, service_id = definitions.check(told), told.get("ServiceID", "")
    agent = request.app[AGENT]
    if service_id and service_id not in agent.local.services:
        raise Refused(404, f'ServiceID "{service_id}" does not exist')
    agent.register_check(definition, service_id)
    return web.Response()


async def deregister(request: web.Request) -> web.Response:
    agent, check_id = request.app[AGENT], request.match_info["rest"]
    if check_id not in agent.local.checks:
        raise Refused(404, _UNKNOWN_CHECK.format(check_id))
    agent.deregister_check(check_id)
    return web.Response()


def says(status: Status) -> Handler:
    """The endpoint that gives a TTL check that status."""

    async def handler(request: web.Request) -> web.Response:
        return _hear(request, status, request.query.get("note", ""))

    return handler


async def update(request: web.Request) -> web.Response:
    told = await body.read_object(request, sent.CHECK_UPDATE)
    status = told.get("Status", "")
    if status not in set(Status):
        raise Refused(400, f"Invalid check status: '{status}'")
    return _hear(request, Status(status), told.get("Output", ""))


def _hear(request: web.Request, status: Status, output: str) -> web.Response:
    agent, check_id = request.app[AGENT], request.match_info["rest"]
    if check_id not in agent.local.checks:
        raise Refused(404, _UNKNOWN_CHECK.format(check_id))
    if not agent.hear(check_id, status, output):
        raise Refused(500, f'CheckID "{check_id}" does not have associated TTL')
    return web.Response()


ROUTES = [
    endpoint("/v1/agent/checks", GET=checks),
    endpoint("/v1/agent/check/register", PUT=register),
    endpoint("/v1/agent/check/deregister/{rest:.*}", PUT=deregister),
    endpoint("/v1/agent/check/pass/{rest:.*}", PUT=says(Status.PASSING)),
    endpoint("/v1/agent/check/warn/{rest:.*}", PUT=says(Status.WARNING)),
    endpoint("/v1/agent/check/fail/{rest:.*}", PUT=says(Status.CRITICAL)),
    endpoint("/v1/agent/check/update/{rest:.*}", PUT=update),
]
