"""A server that speaks TLS: the agent asks it whether it is well, without knowing who signs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

import discovery
from tests.certificates import Authority
from tests.contract.api import PATIENCE_S, Api


async def test_a_server_of_ours_is_asked_and_called_by_tls(agent_url: str, api: Api, name: str, tmp_path: Path) -> None:
    ca = Authority(tmp_path)
    files = ca.signs(name)
    config = discovery.MeshConfig(
        name=name,
        consul_url=agent_url,
        check_interval_s=1,
        drain_s=0,
        lookup_timeout_s=20,
        tls_cert=files.cert,
        tls_key=files.key,
        tls_ca=ca.file,
        tls_name="{service}",
    )
    async with discovery.serving(web.Application(), config) as server:
        async with server.mesh.get(f"http://{name}/health/ready") as response:
            assert (response.status, str(response.url.origin())) == (200, f"https://{server.instance.address}")
        check_id = f"service:{server.instance.id}"
        async with asyncio.timeout(PATIENCE_S):
            while not (check := (await api.get("/v1/agent/checks")).json[check_id])["Output"]:
                await asyncio.to_thread(lambda: None)
        assert check["Status"] == "passing"
        assert f"HTTP GET https://{server.instance.address}/health/ready" in check["Output"]
        (entry,) = (await api.get(f"/v1/health/service/{name}")).json
        assert entry["Service"]["Meta"]["secure"] == "true"
