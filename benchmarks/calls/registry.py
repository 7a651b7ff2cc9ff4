"""A registry of one large service, as a process: ``python -m benchmarks.calls.registry INSTANCES``.

It answers blocking queries as Consul does. One instance of the service changes again and again, a moment after somebody
waits for that; of everything else there is nothing, and nothing changes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AbstractAsyncContextManager

from aiohttp import web

from benchmarks.calls.servers import listening
from benchmarks.calls.serving import serve
from discovery.clock import SystemClock

_AFTER_S = 0.2


def registry(count: str) -> AbstractAsyncContextManager[str]:
    """A service of so many instances."""
    rows = [json.dumps(_row(number)) for number in range(int(count))]
    clock, never = SystemClock(), asyncio.Event()

    async def instances(request: web.Request) -> web.Response:
        index = int(request.query.get("index", 0))
        if index:
            await clock.sleep(_AFTER_S)
        changed = json.dumps(_row(0, "critical" if index % 2 else "passing"))
        return _answer(f"[{','.join([changed, *rows[1:]])}]", index + 1)

    async def nothing(request: web.Request) -> web.Response:
        if request.query.get("index", "0") != "0":
            await never.wait()
        return _answer("[]", 1)

    app = web.Application()
    app.router.add_get("/v1/health/service/items", instances)
    app.router.add_get("/{rest:.*}", nothing)
    # Nobody waits for an answer that its reader has given up.
    return listening(web.AppRunner(app, access_log=None, handler_cancellation=True))


def _answer(text: str, index: int) -> web.Response:
    headers = {"X-Consul-Index": str(index), "X-Consul-KnownLeader": "true"}
    return web.Response(text=text, content_type="application/json", headers=headers)


def _row(number: int, status: str = "passing") -> object:
    """What Consul 1.19 says of an instance that registered as ours do, the checks of its node included."""
    node, name = f"node-{number // 20}", f"items-{number}"
    address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
    meta = {"boot": f"{number:032x}", "version": "1.4.2", "zone": "a"}
    check = {"Node": node, "Interval": "5s", "Timeout": "2s", "Definition": {}, "CreateIndex": 7, "ModifyIndex": 9}
    place = {"Address": address, "Port": 8080}
    return {
        "Node": {
            "ID": f"{number:08x}-9f1c-4c64-b5f0-6ad7ce1a5b52",
            "Node": node,
            "Address": address,
            "Datacenter": "dc1",
            "TaggedAddresses": dict.fromkeys(("lan", "lan_ipv4", "wan", "wan_ipv4"), address),
            "Meta": {"consul-network-segment": "", "consul-version": "1.19.2"},
            "CreateIndex": 7,
            "ModifyIndex": 9,
        },
        "Service": {
            "ID": name,
            "Service": "items",
            "Tags": ["api", "v1"],
            "Address": address,
            "TaggedAddresses": {"lan_ipv4": place, "wan_ipv4": place},
            "Meta": meta,
            "Port": 8080,
            "Weights": {"Passing": 1, "Warning": 1},
            "EnableTagOverride": False,
            "Proxy": {"Mode": "", "MeshGateway": {}, "Expose": {}},
            "Connect": {},
            "PeerName": "",
            "CreateIndex": 7,
            "ModifyIndex": 9,
        },
        "Checks": [
            {**check, "CheckID": "serfHealth", "Name": "Serf Health Status", "Status": "passing", "Output": "alive"},
            {
                **check,
                "CheckID": f"service:{name}",
                "Name": "items is ready",
                "Status": status,
                "Output": f'HTTP GET http://{address}:8080/health/ready: 200 OK Output: {{"status":"ready"}}',
                "ServiceID": name,
                "ServiceName": "items",
                "ServiceTags": ["api", "v1"],
                "Type": "http",
            },
        ],
    }


if __name__ == "__main__":
    asyncio.run(serve(registry, sys.argv[1]))
