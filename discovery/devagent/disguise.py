"""What a Consul in trouble says instead of an answer, in its words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

NO_LEADER = "No cluster leader"

_REFUSALS: Mapping[int, str] = {
    403: "Permission denied: anonymous token lacks permission. The anonymous token is used implicitly when a request "
    "does not specify a token.",
    429: "Your IP is issuing too many concurrent connections, please rate limit your calls\n",
    500: "rpc error making call: EOF",
}

# Where the servers are asked, which need a leader; all else an agent knows by itself.
_OF_THE_SERVERS = ("/v1/catalog/", "/v1/health/", "/v1/kv/", "/v1/event/fire/")
_OF_THE_AGENT = "/v1/catalog/datacenters"
_STREAMED = "/v1/health/service/"

_LISTS = ("/v1/health/service/", "/v1/health/checks/", "/v1/catalog/service/")
_NAMES = "/v1/catalog/services"


def asks_the_leader(request: web.Request) -> bool:
    """Whether it cannot be answered while there is none."""
    if not request.path.startswith(_OF_THE_SERVERS) or request.path == _OF_THE_AGENT:
        return False
    # The agent answers from a stream of events, which lasts when the leader goes.
    streamed = request.path.startswith(_STREAMED) and request.query.get("index", "0") != "0"
    return not (streamed or "stale" in request.query)


def refusal(status: int) -> web.Response:
    """An answer to a request that is not looked at. It ends the connection where that is what was too much."""
    response = web.Response(status=status, text=_REFUSALS.get(status, "the devagent was told to refuse\n"))
    if status == 429:
        response.force_close()
    return response


def answers_empty(request: web.Request, response: web.Response) -> None:
    """Make it the answer of a catalogue in which there is no service but Consul's own."""
    if response.status != 200:
        return
    if request.path == _NAMES:
        names = json.loads(response.body if isinstance(response.body, bytes | bytearray) else b"{}")
        response.body = json.dumps({name: tags for name, tags in names.items() if name == "consul"}).encode()
    elif request.path.startswith(_LISTS) and request.path.rpartition("/")[2] != "consul":
        response.body = b"[]"
