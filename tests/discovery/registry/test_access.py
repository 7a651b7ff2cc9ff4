"""The ways to Consul: a socket, a proxy, a namespace, a datacenter."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
from discovery.errors import RegistryUnavailable
from discovery.model import Instance, Target
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registration, TtlCheck
from tests.discovery.registry.conftest import Ask, agent, no_services
from tests.discovery.registry.secured import CA, replaced, secured, server_context

INSTANCE = Instance(id="p1", service="ports", host="127.0.0.1", port=1)
REGISTRATION = Registration(INSTANCE, TtlCheck(ttl_s=20, deregister_after_s=60))


async def test_an_agent_is_asked_over_its_socket(ask: Ask, tmp_path: Path) -> None:
    async with agent(no_services, str(tmp_path / "consul.sock")) as url:
        assert await ask(MeshConfig(name="tests", consul_url=url)) == {}
    with pytest.raises(RegistryUnavailable, match=rf"{url} cannot be reached .* is the agent running"):
        await ask(MeshConfig(name="tests", consul_url=url))


async def test_the_proxy_is_asked_for_the_whole_address_with_its_own_password(ask: Ask) -> None:
    asked: list[tuple[str, str]] = []

    def proxy(request: web.Request) -> web.Response:
        asked.append((str(request.url), request.headers["Proxy-Authorization"]))
        return no_services(request)

    async with agent(proxy) as url:
        way = url.replace("http://", "http://me:geheim@")
        config = MeshConfig(name="tests", consul_url="http://consul.example:8500/behind", consul_proxy=way)
        assert await ask(config) == {}
    assert asked == [("http://consul.example:8500/behind/v1/catalog/services", "Basic bWU6Z2VoZWlt")]
    with pytest.raises(RegistryUnavailable, match=r"by way of the proxy at http://[0-9.:]+\) cannot be") as caught:
        await ask(config)
    assert "geheim" not in str(caught.value)


async def test_over_a_proxy_tls_goes_through_a_tunnel_and_the_token_is_not_seen_by_it(
    ask: Ask,
    tmp_path: Path,
) -> None:
    replaced(tmp_path / "ca.pem", CA.cert_pem.bytes())
    heard: list[bytes] = []
    done = asyncio.Event()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        there, here = await asyncio.open_connection("127.0.0.1", consul.port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
            sink.close()
            with suppress(OSError):
                await sink.wait_closed()

        await asyncio.gather(pump(reader, here), pump(there, writer))
        done.set()

    with secured(server_context(CA.issue_cert("consul.example"))) as consul:
        async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            config = MeshConfig(
                name="tests",
                consul_url="https://consul.example:8501",
                consul_token="a-token",
                consul_proxy=f"http://me:geheim@127.0.0.1:{port}",
                consul_tls=ConsulTls(ca_file=str(tmp_path / "ca.pem")),
            )
            assert await ask(config) == {}
            await done.wait()
    [head] = heard
    assert head.startswith(b"CONNECT consul.example:8501 ")
    assert b"bWU6Z2VoZWlt" in head
    assert b"a-token" not in head
    assert consul.tokens == ["a-token"]


async def test_a_proxy_that_opens_no_tunnel_is_told_as_such(ask: Ask) -> None:
    async with agent(lambda _: web.Response(status=404)) as url:
        config = MeshConfig(name="tests", consul_url="https://consul.example:8501", consul_proxy=url)
        with pytest.raises(RegistryUnavailable, match=r"since the proxy .*404.*NO_PROXY"):
            await ask(config)


async def test_namespace_and_partition_go_with_every_request(ask: Ask) -> None:
    asked: list[str] = []

    def note(request: web.Request) -> web.Response:
        asked.append(request.query_string)
        return no_services(request)

    async with agent(note) as url:
        config = MeshConfig(name="ports", consul_url=url, consul_namespace="team", consul_partition="part")
        assert await ask(config) == {}
        async with ConsulRegistry(config) as registry:
            await registry.register(REGISTRATION)
            await registry.deregister("p1")
    assert asked == ["ns=team&partition=part"] * 3


async def test_a_datacenter_is_asked_where_none_is_named_but_for_our_own_entry() -> None:
    asked: list[str] = []

    def note(request: web.Request) -> web.Response:
        asked.append(f"{request.path} {request.query.get('dc', '-')}")
        empty: object = {} if "catalog" in request.path else []
        return web.json_response(empty, headers={"X-Consul-Index": "7"})

    async with agent(note) as url:
        config = MeshConfig(name="ports", consul_url=url, consul_datacenter="dc2")
        async with ConsulRegistry(config) as registry:
            await registry.names()
            await registry.settings("mesh/ports/")
            for target in (Target("laptops"), Target("laptops", "dc3"), Target("ports")):
                await registry.instances(target)
    assert asked == [
        "/v1/catalog/services dc2",
        "/v1/kv/mesh/ports/ dc2",
        "/v1/health/service/laptops dc2",
        "/v1/health/service/laptops dc3",
        "/v1/health/service/ports -",
    ]
