"""``/v1/event``: user events, for ``consul event`` and ``consul watch -type=event``."""

from __future__ import annotations

from aiohttp import web

from discovery.devagent import body, render
from discovery.devagent.api import AGENT, endpoint, name, shown
from discovery.devagent.query import Query
from discovery.devagent.refusal import Refused


async def fire(request: web.Request) -> web.Response:
    Query.of(request.query)
    agent, wanted = request.app[AGENT], name(request, "Missing name")
    if addressed := {"node", "service", "tag"} & set(request.query):
        raise Refused(400, f"the devagent does not support {min(addressed)}: use a real Consul for it")
    event = agent.events.fire(wanted, await body.read(request))
    agent.announce()
    # The one who fires learns the id; the place in the order is known only to those who receive it.
    return shown(request, {**render.event(event), "LTime": 0})


async def events(request: web.Request) -> web.Response:
    """The events kept; blocks while the last one is the one named by the index."""
    agent, query, wanted = request.app[AGENT], Query.of(request.query), request.query.get("name", "")
    if query.index:
        await agent.patience.until(lambda: agent.events.index(wanted) != query.index, query.wait_s)
    return shown(
        request,
        [render.event(event) for event in agent.events.named(wanted)],
        {"X-Consul-Index": str(agent.events.index(wanted))},
    )


ROUTES = [endpoint("/v1/event/fire/{rest:.*}", PUT=fire), endpoint("/v1/event/list", GET=events)]
