"""The ways to a real Consul: HTTPS where it asks who we are, its unix socket; and what is told where none works."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace

import pytest
import trustme
from aiohttp import web

import discovery
from discovery.consul_tls import ConsulTls
from discovery.errors import RegistryError
from discovery.registry.consul_registry import ConsulRegistry
from tests.consul.secured import Secured
from tests.contract.agents import consul_program

pytestmark = pytest.mark.consul

STRANGER = trustme.CA()


def environ(secured: Secured, **more: str) -> dict[str, str]:
    """What Consul's own command needs, too."""
    tls = secured.client()
    return {
        "PATH": os.environ["PATH"],
        "CONSUL_HTTP_ADDR": secured.https,
        "CONSUL_HTTP_TOKEN": secured.manager,
        "CONSUL_CACERT": tls.ca_file,
        "CONSUL_CLIENT_CERT": tls.client_cert,
        "CONSUL_CLIENT_KEY": tls.client_key,
        **more,
    }


def ways(secured: Secured) -> dict[str, dict[str, str]]:
    return {
        "https": environ(secured),
        "asked for by CONSUL_HTTP_SSL": environ(
            secured, CONSUL_HTTP_ADDR=secured.https.removeprefix("https://"), CONSUL_HTTP_SSL="true"
        ),
        "by another name": environ(secured, CONSUL_TLS_SERVER_NAME="server.dc1.consul"),
        "unverified": environ(secured, CONSUL_HTTP_SSL_VERIFY="false", CONSUL_TLS_SERVER_NAME="nobody"),
        "socket": {
            "PATH": os.environ["PATH"],
            "CONSUL_HTTP_ADDR": f"unix://{secured.socket}",
            "CONSUL_HTTP_TOKEN": secured.manager,
        },
    }


@pytest.mark.parametrize("way", ["https", "asked for by CONSUL_HTTP_SSL", "by another name", "unverified", "socket"])
async def test_what_works_for_consuls_own_command_works_for_a_service_and_for_the_commands(
    secured: Secured, way: str
) -> None:
    said = ways(secured)[way]
    theirs = await asyncio.create_subprocess_exec(consul_program(), "catalog", "services", env=said, stdout=PIPE)
    assert (await theirs.communicate())[0].split() == [b"consul"]

    config = discovery.MeshConfig.from_env("ways", said, drain_s=0)
    async with discovery.serving(web.Application(), config) as server:
        async with asyncio.timeout(20):
            async for view in server.mesh.watch("ways"):
                if view.instances:
                    break
        ours = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "discovery.cli.main", "ps", "ways", env=said, stdout=PIPE
        )
        out, _ = await ours.communicate()
        assert server.instance.id in out.decode()
    _, left = await asyncio.to_thread(secured.ask, "GET", "/v1/agent/services")
    assert server.instance.id not in left


async def refused(config: discovery.MeshConfig) -> str:
    async with ConsulRegistry(config) as registry:
        with pytest.raises(RegistryError) as caught:
            await registry.names()
    return str(caught.value)


async def test_what_is_wrong_with_a_certificate_is_told_by_what_a_real_agent_says(secured: Secured) -> None:
    config = discovery.MeshConfig(name="ways", consul_url=secured.https, consul_token=secured.manager)
    tls = secured.client()

    async def said(tls: ConsulTls) -> str:
        return await refused(replace(config, consul_tls=tls))

    assert "name the CA that signed it in CONSUL_CACERT" in await said(ConsulTls())
    assert "another name" in await said(replace(tls, server_name="server.dc2.consul"))
    assert "wants a certificate of ours: set CONSUL_CLIENT_CERT" in await said(
        replace(tls, client_cert="", client_key="")
    )
    stranger = secured.client("stranger", by=STRANGER)
    assert "refuses our certificate (it does not know the authority" in await said(stranger)


async def test_plain_http_to_the_port_for_https_is_told_as_such(secured: Secured) -> None:
    url = secured.https.replace("https", "http")
    said = await refused(discovery.MeshConfig(name="ways", consul_url=url, consul_token=secured.manager))
    assert said.endswith("speaks TLS at that port: begin CONSUL_HTTP_ADDR with https://")


async def test_a_namespace_that_only_the_enterprise_knows_is_told_by_its_variable(secured: Secured) -> None:
    config = discovery.MeshConfig(
        name="ways", consul_url=f"unix://{secured.socket}", consul_token=secured.manager, consul_namespace="team"
    )
    assert "unset CONSUL_NAMESPACE" in await refused(config)
