"""``/v1/status``, and what the agent says about itself and its peers: it has none."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from discovery.devagent import filters, shapes
from discovery.devagent.agent import VERSION
from discovery.devagent.api import AGENT, endpoint, shown
from discovery.devagent.query import DATACENTER

# Where Consul names the commit that it was built from.
_REVISION = "devagent"


async def leader(request: web.Request) -> web.Response:
    return shown(request, request.app[AGENT].server)


async def peers(request: web.Request) -> web.Response:
    return shown(request, [request.app[AGENT].server])


async def itself(request: web.Request) -> web.Response:
    agent = request.app[AGENT]
    config = {
        "Datacenter": DATACENTER,
        "PrimaryDatacenter": DATACENTER,
        "NodeName": agent.node.name,
        "NodeID": agent.node.id,
        "Revision": _REVISION,
        "Server": True,
        "Version": VERSION,
        "BuildDate": "1970-01-01T00:00:01Z",
    }
    stats = {
        "agent": {"checks": str(len(agent.local.checks)), "services": str(len(agent.local.services))},
        "build": {"prerelease": "", "revision": _REVISION, "version": VERSION, "version_metadata": ""},
        "consul": {"acl": "disabled", "leader": "true", "leader_addr": agent.server, "server": "true"},
    }
    return shown(
        request,
        {
            "Config": config,
            "DebugConfig": {},
            "Coord": None,
            "Member": _member(request),
            "Stats": stats,
            "Meta": agent.node.meta,
        },
    )


async def members(request: web.Request) -> web.Response:
    chosen = filters.compile(request.query.get("filter", ""), shapes.MEMBER)
    return shown(request, [member for member in [_member(request)] if chosen(member)])


def _member(request: web.Request) -> dict[str, Any]:
    agent = request.app[AGENT]
    port = agent.server.rpartition(":")[2]
    return {
        "Name": agent.node.name,
        "Addr": agent.node.address,
        "Port": int(port),
        "Tags": {
            "acls": "0",
            "build": f"{VERSION}:{_REVISION}",
            "dc": DATACENTER,
            "id": agent.node.id,
            "port": port,
            "role": "consul",
            "segment": "",
            "vsn": "2",
            "vsn_max": "3",
            "vsn_min": "2",
        },
        # Alive, in the words of the gossip library.
        "Status": 1,
        "ProtocolMin": 1,
        "ProtocolMax": 5,
        "ProtocolCur": 2,
        "DelegateMin": 2,
        "DelegateMax": 5,
        "DelegateCur": 4,
    }


ROUTES = [
    endpoint("/v1/status/leader", GET=leader),
    endpoint("/v1/status/peers", GET=peers),
    endpoint("/v1/agent/self", GET=itself),
    endpoint("/v1/agent/members", GET=members),
]
