"""Token and certificates in files that others replace while we run."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web

from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.model import Instance
from discovery.registry.access import Access
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registration, TtlCheck
from discovery.testing.clock import FakeClock
from tests.discovery.registry.conftest import Ask, agent, no_services
from tests.discovery.registry.secured import CA, STRANGER, replaced, secured, server_context, written


def following(url: str, file: Path, clock: FakeClock) -> ConsulRegistry:
    return ConsulRegistry(MeshConfig(name="ports", consul_url=url, consul_token_file=str(file)), clock)


def registration(generation: str) -> Registration:
    instance = Instance(id="p1", service="ports", host="127.0.0.1", port=1, meta={"generation": generation})
    return Registration(instance, TtlCheck(ttl_s=20, deregister_after_s=60))


async def test_a_token_file_is_read_again_when_it_changes_and_the_entry_is_put_with_the_new_one(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    kept: dict[str, str] = {}

    def note(request: web.Request) -> web.Response:
        asked.append((request.path.rpartition("/v1/")[2], request.headers["X-Consul-Token"]))
        if request.method == "GET" and "agent" in request.path:
            return web.json_response({"ID": "p1", "Service": "ports", "Port": 1, "Meta": kept, "ContentHash": "1"})
        return no_services(request)

    file, clock = tmp_path / "token", FakeClock()
    replaced(file, b"old\n")
    async with agent(note) as url, following(url, file, clock) as registry:
        await registry.register(registration("1"))
        kept["generation"] = "1"
        await until_looked(clock)
        replaced(file, b"new\n")
        await until_looked(clock)
        await registry.names()
        await registry.deregister("p1")
    put, mine = "agent/service/register", "agent/service/p1"
    assert asked == [
        (put, "old"),
        (mine, "new"),
        (put, "new"),
        ("catalog/services", "new"),
        ("agent/service/deregister/p1", "new"),
    ]


@pytest.mark.parametrize("may_register", [True, False])
async def test_an_entry_that_leaves_before_it_was_put_again_is_put_with_the_new_token_first_if_that_may(
    may_register: bool, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []
    file = tmp_path / "token"
    replaced(file, b"old")

    def answer(request: web.Request) -> web.Response:
        asked.append((request.path.rpartition("/")[2], token := request.headers["X-Consul-Token"]))
        if token == "old" and request.method == "PUT":
            replaced(file, b"new")
        elif token == "old" or (request.path.endswith("/register") and not may_register):
            return web.Response(status=403, text="ACL not found")
        return no_services(request)

    async with agent(answer) as url, following(url, file, FakeClock()) as registry:
        await registry.register(registration("1"))
        await registry.names()
        await registry.deregister("p1")
    assert asked[:3] == [("register", "old"), ("services", "old"), ("services", "new")]
    assert asked[3:] == [("register", "new"), ("p1", "new")]


async def test_an_entry_that_another_process_took_is_not_put_again_with_the_new_token(tmp_path: Path) -> None:
    asked: list[str] = []

    def note(request: web.Request) -> web.Response:
        asked.append(request.method)
        theirs = {"generation": "1", "boot": "of another"}
        return web.json_response({"ID": "p1", "Service": "ports", "Port": 1, "Meta": theirs, "ContentHash": "1"})

    file, clock = tmp_path / "token", FakeClock()
    replaced(file, b"old")
    async with agent(note) as url, following(url, file, clock) as registry:
        await registry.register(registration("1"))
        replaced(file, b"new")
        await until_looked(clock)
    assert asked == ["PUT", "GET"]


async def test_a_request_that_is_refused_reads_the_file_at_once_and_asks_again(ask: Ask, tmp_path: Path) -> None:
    file, asked = tmp_path / "token", []
    replaced(file, b"old")

    def refuse(request: web.Request) -> web.Response:
        asked.append(token := request.headers["X-Consul-Token"])
        replaced(file, b"new")
        return web.Response(status=403, text="ACL not found") if token == "old" else no_services(request)

    async with agent(refuse) as url:
        assert await ask(MeshConfig(name="tests", consul_url=url, consul_token_file=str(file))) == {}
    assert asked == ["old", "new"]


async def test_a_token_that_stays_refused_is_told_with_the_policy_that_it_needs(ask: Ask, tmp_path: Path) -> None:
    file, asked = tmp_path / "token", []
    replaced(file, b"geheim")

    def refuse(request: web.Request) -> web.Response:
        asked.append(1)
        return web.Response(status=403, text="ACL not found")

    async with agent(refuse) as url:
        with pytest.raises(
            RegistryRejected, match=r'CONSUL_HTTP_TOKEN_FILE.*service_prefix "" \{ policy = "read" \}'
        ) as caught:
            await ask(MeshConfig(name="tests", consul_url=url, consul_token_file=str(file)))
    assert "geheim" not in str(caught.value)
    assert asked == [1]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "the file is empty"), (b"two words", "that is no token"), (None, "No such file"), (b"\xff", "utf-8")],
)
async def test_a_file_that_makes_no_sense_leaves_the_token_as_it_was_and_is_told_each_minute(
    content: bytes | None, why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokens: set[str] = set()

    def note(request: web.Request) -> web.Response:
        tokens.add(request.headers["X-Consul-Token"])
        return no_services(request)

    file, clock = tmp_path / "token", FakeClock()
    replaced(file, b"old")
    async with agent(note) as url, following(url, file, clock) as registry:
        await until_looked(clock)
        file.unlink()
        if content is not None:
            replaced(file, content)
        for _ in range(65):
            await until_looked(clock)
        await registry.names()
        replaced(file, b"new")
        await until_looked(clock)
        await registry.names()
    assert tokens == {"old", "new"}
    assert [why in message for message in caplog.messages] == [True, True]
    assert "two words" not in caplog.text


async def test_a_certificate_is_read_again_when_it_changes_and_half_of_a_new_one_changes_nothing(
    tmp_path: Path,
) -> None:
    replaced(tmp_path / "ca.pem", CA.cert_pem.bytes())
    first, second = CA.issue_cert("me"), CA.issue_cert("me")
    mine = written(tmp_path, "me", first)
    clock = FakeClock()
    with secured(server_context(CA.issue_cert("127.0.0.1"), asks=True)) as consul:
        tls = ConsulTls(
            ca_file=str(tmp_path / "ca.pem"), client_cert=mine["client_cert"], client_key=mine["client_key"]
        )
        async with ConsulRegistry(MeshConfig(name="ports", consul_url=consul.url, consul_tls=tls), clock) as registry:
            await registry.names()
            replaced(Path(mine["client_cert"]), second.cert_chain_pems[0].bytes())
            await until_looked(clock)
            await registry.names()
            assert len(set(consul.shown)) == 1
            written(tmp_path, "me", second)
            await until_looked(clock)
            assert len(set(consul.shown)) == 2
            await registry.names()
    assert consul.shown[-1] != consul.shown[0]


async def test_a_new_certificate_that_consul_refuses_is_told_before_anything_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    replaced(tmp_path / "ca.pem", CA.cert_pem.bytes())
    mine = written(tmp_path, "me", CA.issue_cert("me"))
    clock = FakeClock()
    with secured(server_context(CA.issue_cert("127.0.0.1"), asks=True)) as consul:
        tls = ConsulTls(
            ca_file=str(tmp_path / "ca.pem"), client_cert=mine["client_cert"], client_key=mine["client_key"]
        )
        async with ConsulRegistry(MeshConfig(name="ports", consul_url=consul.url, consul_tls=tls), clock):
            await until_looked(clock)
            written(tmp_path, "me", STRANGER.issue_cert("me"))
            await until_looked(clock)
            await until_looked(clock)
    [message] = caplog.messages
    assert "the new certificate for Consul was tried" in message
    assert "refuses our certificate" in message


async def test_an_authority_that_was_replaced_is_believed_at_the_first_failure(ask: Ask, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    replaced(ca, STRANGER.cert_pem.bytes())
    with secured(server_context(CA.issue_cert("127.0.0.1"))) as consul:
        config = MeshConfig(name="ports", consul_url=consul.url, consul_tls=ConsulTls(ca_file=str(ca)))
        async with ConsulRegistry(config, FakeClock()) as registry:
            with pytest.raises(RegistryUnavailable, match="not trusted"):
                await registry.names()
            replaced(ca, CA.cert_pem.bytes())
            assert (await registry.names()).services == {}


def test_a_token_of_an_argument_beats_the_file_that_is_there_too(tmp_path: Path) -> None:
    replaced(tmp_path / "token", b"of-the-file")
    access = Access(MeshConfig(name="ports", consul_token="mine", consul_token_file=str(tmp_path / "token")))
    access.look(closely=True)
    assert (access.token, access.changes) == ("mine", False)


async def until_looked(clock: FakeClock) -> None:
    """Let a second pass, and what is done in a thread then be done."""
    await clock.advance(1)
    while not clock.sleepers:
        await clock.settle()
