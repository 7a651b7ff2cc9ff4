"""Peers that registered as secure, and servers that speak TLS."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.call_errors import CallFailed, NoInstances
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.healthcheck import trouble
from discovery.model import Instance, Outcome, Target
from discovery.observer import Registered
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import Peer, peer
from discovery.testing.registry import FakeRegistry
from tests.certificates import Authority, Files
from tests.discovery.runtime.support import (
    DOORS,
    Door,
    a_mesh,
    an_app,
    busy_connections,
    enrol,
    in_flight,
    known,
    outcomes,
    up,
)


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def ok(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"{request.scheme} {await request.text()}")


@pytest.mark.parametrize(
    ("says", "secure"),
    [
        ({}, False),
        ({"tags": ("secure",)}, True),
        ({"tags": ("v1", "secure=true")}, True),
        ({"meta": {"secure": "true"}}, True),
        ({"meta": {"secure": "True"}}, True),
        ({"meta": {"secure": "false"}}, False),
        ({"tags": ("secure=false", "insecure")}, False),
    ],
)
def test_an_instance_says_itself_that_it_speaks_tls(says: dict[str, Any], secure: bool) -> None:
    one = Instance(id="a", service="ports", host="::1", port=1, **says)
    assert (one.secure, one.origin) == (secure, "https://[::1]:1" if secure else "http://[::1]:1")


@pytest.mark.parametrize("door", DOORS)
async def test_who_registered_as_secure_is_called_by_tls(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, door: Door
) -> None:
    tls = ca.signs("127.0.0.1").context()
    async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "ports", ok, id="a", tls=tls) as one:
        for _ in range(2):
            async with door(mesh, "POST", "/x?y=1", data=b"body", headers={"Idempotency-Key": "1"}) as response:
                assert await response.text() == "https body"
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert [each.path for each in one.received] == ["/x?y=1"] * 2
    assert outcomes(observer) == [Outcome.ANSWERED] * 2
    assert observer.unsettled() == []


async def test_a_large_body_and_a_stream_go_by_tls(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    async def pieces() -> Any:
        for _ in range(3):
            yield b"x" * 100_000

    tls = ca.signs("127.0.0.1").context()
    async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "ports", tls=tls) as one:
        for body in (b"x" * 300_000, pieces()):
            async with mesh.post("http://ports/", data=body) as response:
                assert response.status == 200
    assert [len(each.body) for each in one.received] == [300_000] * 2


async def test_a_websocket_goes_by_tls(registry: FakeRegistry, observer: RecordingObserver, ca: Authority) -> None:
    async def chat(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(request.scheme)
        await socket.close()
        return socket

    tls = ca.signs("127.0.0.1").context()
    async with (
        a_mesh(registry, observer, tls_ca=ca.file) as mesh,
        peer(registry, "ports", chat, tls=tls),
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
    ):
        for door in (mesh, session):
            for scheme in ("ws", "wss", "https"):
                async with door.ws_connect(f"{scheme}://ports/") as socket:
                    assert await socket.receive_str() == "https"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("names", [("elsewhere.example",), ("ports",)])
async def test_a_certificate_is_for_the_host_of_the_address_or_for_the_name_that_is_set(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, door: Door, names: tuple[str, ...]
) -> None:
    tls = ca.signs(*names).context()
    async with peer(registry, "ports", tls=tls):
        async with a_mesh(registry, observer, tls_ca=ca.file) as mesh:
            with pytest.raises(CallFailed, match=r"not trusted .*certificate is not valid for '127\.0\.0\.1'"):
                async with door(mesh, "GET", "/"):
                    pytest.fail("it was believed")
        for said in ("{service}", names[0]):
            async with a_mesh(registry, observer, tls_ca=ca.file, tls_name=said) as mesh:
                if said in names or "ports" in names:
                    async with door(mesh, "GET", "/") as response:
                        assert response.status == 200
                else:
                    with pytest.raises(CallFailed, match="certificate is not valid for 'ports'"):
                        async with door(mesh, "GET", "/"):
                            pytest.fail("it was believed")


@pytest.mark.parametrize("door", DOORS)
async def test_who_is_not_trusted_is_sent_nothing_and_another_one_is_asked(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, tmp_path: Path, door: Door
) -> None:
    (tmp_path / "other").mkdir()
    false = Authority(tmp_path / "other").signs("127.0.0.1").context()
    good = ca.signs("127.0.0.1").context()
    async with (
        a_mesh(registry, observer, tls_ca=ca.file) as mesh,
        peer(registry, "ports", id="a", tls=false) as bad,
        peer(registry, "ports", id="b", tls=good),
        door(mesh, "POST", "/", data=b"secret") as response,
    ):
        assert await response.text() == "b"
        first, second = discovery.attempts(response)
        assert (first.outcome, first.status, second.outcome) == (Outcome.UNTRUSTED, None, Outcome.ANSWERED)
        assert first.error.startswith("its certificate is not trusted (MESH_TLS_CA, MESH_TLS_NAME): ")
        assert second.reason == "untrusted"
    assert bad.received == []


@pytest.mark.parametrize("door", DOORS)
async def test_where_nobody_else_is_there_the_call_fails_at_once(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, tmp_path: Path, door: Door
) -> None:
    (tmp_path / "other").mkdir()
    false = Authority(tmp_path / "other").signs("127.0.0.1").context()
    async with (
        a_mesh(registry, observer, tls_ca=ca.file, lookup_timeout_s=600) as mesh,
        peer(registry, "ports", id="a", tls=false),
    ):
        with pytest.raises(CallFailed, match=r"untrusted \(its certificate is not trusted") as caught:
            async with door(mesh, "GET", "/"):
                pytest.fail("it was believed")
        assert len(caught.value.attempts) == 1
        assert not caught.value.unknown


@pytest.mark.parametrize("door", DOORS)
async def test_who_says_secure_and_speaks_in_the_clear_is_not_called_so(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, door: Door
) -> None:
    async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "laptops") as clear:
        await enrol(registry, "a", clear.instance.address, meta={"secure": "true"})
        with pytest.raises(CallFailed, match="registered as secure, and no TLS came about"):
            async with door(mesh, "GET", "/"):
                pytest.fail("it was called")
    assert clear.received == []


async def test_who_becomes_secure_where_he_was_is_called_by_tls_from_then_on(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    tls = ca.signs("127.0.0.1").context()
    async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "laptops", tls=tls) as one:
        await enrol(registry, "a", one.instance.address)
        with pytest.raises(CallFailed):
            await mesh.get("http://ports/", attempts=1, timeout=5)
        await enrol(registry, "a", one.instance.address, tags=("secure",))
        directory = mesh.directory("ports")
        while directory.view is None or not directory.view.instances[0].secure:
            await directory.changed()
        async with mesh.get("http://ports/") as response:
            assert response.status == 200


async def test_without_an_authority_of_ours_the_systems_are_asked(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", tls=ca.signs("127.0.0.1").context()):
        with pytest.raises(CallFailed, match="not trusted"):
            await mesh.get("http://ports/")


async def test_a_session_keeps_its_own_way_to_verify(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    tls = other.signs("127.0.0.1").context()
    async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "ports", tls=tls):
        async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
            async with session.get("http://ports/", ssl=False) as response:
                assert response.status == 200
            with pytest.raises(CallFailed, match="not trusted"):
                await session.get("http://ports/")
        async with mesh.get("http://ports/", ssl=False) as response:
            assert response.status == 200


async def test_authorities_that_come_later_are_trusted_without_a_new_start(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    new = Authority(tmp_path / "other")
    tls = new.signs("127.0.0.1").context()
    for door in DOORS:
        async with a_mesh(registry, observer, tls_ca=ca.file) as mesh, peer(registry, "ports", tls=tls):
            with pytest.raises(CallFailed, match="not trusted"):
                async with door(mesh, "GET", "/"):
                    pytest.fail("it was believed")
            with new.in_the_file_of(ca):
                async with door(mesh, "GET", "/") as response:
                    assert response.status == 200


@pytest.mark.parametrize("service", ["x" * 64, ".ports", "a..b"])
async def test_who_has_a_name_that_no_certificate_can_be_for_is_not_trusted(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, service: str
) -> None:
    tls = ca.signs("127.0.0.1").context()
    async with (
        peer(registry, service, tls=tls),
        a_mesh(registry, observer, tls_ca=ca.file, tls_name="{service}.internal") as mesh,
    ):
        with pytest.raises(CallFailed, match="not trusted") as caught:
            await mesh.service(service).get("/")
        assert {attempt.outcome for attempt in caught.value.attempts} == {Outcome.UNTRUSTED}


@pytest.mark.parametrize("name", [".internal", "x" * 64, "{service}..internal"])
async def test_a_name_that_no_certificate_can_be_for_is_told_at_the_start(registry: FakeRegistry, name: str) -> None:
    with pytest.raises(ConfigError, match="tls_name must be a name such as"):
        async with discovery.Mesh(MeshConfig(name="test", tls_name=name), registry):
            pytest.fail("it began")


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
async def test_authorities_that_cannot_be_read_are_told_at_the_start(
    registry: FakeRegistry, observer: RecordingObserver, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"ca\.pem' cannot be read as certificates"):
        async with a_mesh(registry, observer, tls_ca=str(file)):
            pytest.fail("it was opened")


@pytest.mark.parametrize("door", DOORS)
async def test_a_server_with_a_certificate_speaks_tls_and_says_so(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority, door: Door
) -> None:
    files = ca.signs("127.0.0.1", "ports")
    settings: dict[str, Any] = {"tls_cert": files.cert, "tls_key": files.key, "tls_ca": ca.file}
    async with up(an_app(ok=ok), registry, observer, **settings) as one:
        await observer.until(lambda: bool(observer.told(Registered)))
        (entry,) = (await registry.instances(Target("ports"))).instances
        assert (entry.secure, entry.meta["secure"], entry.health.value) == (True, "true", "passing")
        (check,) = registry._checks.values()
        assert getattr(check, "url", "").startswith(f"https://{entry.address}/health/ready?instance=")
        async with door(one.server.mesh, "GET", "/ok") as response:
            assert await response.text() == "https "
        environ = {"MESH_PORT": str(entry.port), "MESH_TLS_CERT": files.cert}
        assert await asyncio.to_thread(trouble, environ) is None
        with pytest.raises(aiohttp.ClientError):
            async with one.get("/ok"):
                pytest.fail("it speaks in the clear")
    assert (await registry.instances(Target("ports"))).instances == ()


async def test_a_key_may_be_in_the_file_of_its_certificate(registry: FakeRegistry, ca: Authority) -> None:
    both = ca.signs("127.0.0.1").in_one()
    async with (
        up(an_app(ok=ok), registry, tls_cert=both, tls_ca=ca.file) as one,
        one.server.mesh.get("http://ports/ok") as response,
    ):
        assert await response.text() == "https "


async def test_what_it_changes_of_its_entry_does_not_hide_that_it_speaks_tls(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    files = ca.signs("127.0.0.1")
    async with up(an_app(ok=ok), registry, observer, tls_cert=files.cert, tls_key=files.key) as one:
        one.server.mesh.update(meta={"colour": "blue"})
        await observer.until(lambda: any(told.instance.meta.get("colour") for told in observer.told(Registered)))
        (entry,) = (await registry.instances(Target("ports"))).instances
        assert (entry.meta["colour"], entry.secure) == ("blue", True)


async def served(registry: FakeRegistry, files: Files) -> None:
    config = MeshConfig(name="ports", tls_cert=files.cert, tls_key=files.key, drain_s=0)
    async with discovery.serving(web.Application(), config, registry=registry):
        pytest.fail("it was served")


async def test_a_certificate_that_cannot_be_used_is_told_at_the_start(registry: FakeRegistry, ca: Authority) -> None:
    one, other = ca.signs("127.0.0.1", file="one"), ca.signs("127.0.0.1", file="other")
    for files in (
        Files(one.cert, other.key),
        Files("/nowhere", one.key),
        Files(one.cert, "/nowhere"),
        Files(ca.file, ""),
    ):
        with pytest.raises(ConfigError, match=f"tls_cert '{files.cert}' with the key .* cannot be used"):
            await served(registry, files)
    with pytest.raises(ConfigError, match="tls_key is the key of a certificate"):
        MeshConfig(name="ports", tls_key=one.key)


async def test_a_certificate_that_is_renewed_is_shown_from_then_on(
    registry: FakeRegistry, ca: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "discovery.runtime.certificate")
    files = ca.signs("127.0.0.1", "first")
    async with up(an_app(ok=ok), registry, tls_cert=files.cert, tls_key=files.key, tls_ca=ca.file) as one:
        port = one.server.instance.port
        assert await ca.names_at(port) == {"127.0.0.1", "first"}
        files.spoil()
        assert await ca.names_at(port) == {"127.0.0.1", "first"}
        assert "stays as it was" in caplog.text
        ca.signs("127.0.0.1", "second")
        assert await ca.names_at(port) == {"127.0.0.1", "second"}
        assert "is another one now" in caplog.text
        assert await ca.names_at(port) == {"127.0.0.1", "second"}
        async with one.server.mesh.get("http://ports/ok") as response:
            assert response.status == 200


def write_expired(ca: Authority, files: Files) -> None:
    ca.signs("127.0.0.1", "late", expired=True)


def write_half(ca: Authority, files: Files) -> None:
    files.spoil()


def write_half_in_place(ca: Authority, files: Files) -> None:
    whole = Path(ca.signs("127.0.0.1", "new", file="new").cert).read_bytes()
    Path(files.cert).write_bytes(whole[: len(whole) // 2])


def write_the_certificate_of_another_key(ca: Authority, files: Files) -> None:
    Path(files.cert).write_bytes(Path(ca.signs("127.0.0.1", "other", file="other").cert).read_bytes())


def write_the_key_of_another_certificate(ca: Authority, files: Files) -> None:
    Path(files.key).write_bytes(Path(ca.signs("127.0.0.1", "other", file="other").key).read_bytes())


def write_one_into_the_file_of_the_other(ca: Authority, files: Files) -> None:
    cert, key = Path(files.cert).read_bytes(), Path(files.key).read_bytes()
    Path(files.cert).write_bytes(key)
    Path(files.key).write_bytes(cert)


def empty(ca: Authority, files: Files) -> None:
    Path(files.cert).write_bytes(b"")


def take_away(ca: Authority, files: Files) -> None:
    Path(files.key).unlink()


@pytest.mark.parametrize(
    "spoil",
    [
        write_expired,
        write_half,
        write_half_in_place,
        write_the_certificate_of_another_key,
        write_the_key_of_another_certificate,
        write_one_into_the_file_of_the_other,
        empty,
        take_away,
    ],
)
async def test_whatever_is_wrong_with_the_files_the_certificate_before_is_shown_on_and_that_is_told_once(
    registry: FakeRegistry,
    ca: Authority,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Authority, Files], None],
) -> None:
    files = ca.signs("127.0.0.1", "first")
    async with up(an_app(ok=ok), registry, tls_cert=files.cert, tls_key=files.key) as one:
        port = one.server.instance.port
        spoil(ca, files)
        for _ in range(3):
            assert await ca.names_at(port) == {"127.0.0.1", "first"}
        (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert "stays as it was" in told.getMessage()

        ca.signs("127.0.0.1", "second")
        assert await ca.names_at(port) == {"127.0.0.1", "second"}
    spoil(ca, files)
    with pytest.raises(ConfigError, match="cannot be used"):
        await served(registry, files)


async def test_a_certificate_of_another_day_is_told_at_the_start(registry: FakeRegistry, ca: Authority) -> None:
    with pytest.raises(ConfigError, match=r"tls_cert .* cannot be used: .*certificate has expired"):
        await served(registry, ca.signs("127.0.0.1", expired=True))


async def test_a_key_with_a_password_is_told_at_the_start_and_nobody_is_asked_for_it(
    registry: FakeRegistry, ca: Authority
) -> None:
    files = ca.signs("127.0.0.1")
    files.lock()
    with pytest.raises(ConfigError, match="the key is encrypted"):
        await served(registry, files)


@asynccontextmanager
async def both_ways(registry: FakeRegistry, ca: Authority) -> AsyncIterator[tuple[Peer, Peer]]:
    """An instance that speaks in the clear, and one that does not."""
    tls = ca.signs("127.0.0.1").context()
    async with peer(registry, "ports", id="a") as clear, peer(registry, "ports", id="b", tls=tls) as secure:
        yield clear, secure


async def test_who_writes_https_is_answered_by_tls_alone(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    async with (
        a_mesh(registry, observer, tls_ca=ca.file) as mesh,
        both_ways(registry, ca) as (clear, secure),
        aiohttp.ClientSession("https://ports/", middlewares=[mesh.middleware]) as session,
    ):
        for url in ("https://ports/", "https://ports:443/"):
            async with mesh.get(url) as response:
                assert await response.text() == "b"
            async with mesh.get(url, allow_redirects=True) as response:
                assert await response.text() == "b"
            async with session.get(url) as response:
                assert await response.text() == "b"
        async with session.get("/") as response:
            assert await response.text() == "b"
        async with mesh.get("http://ports/") as response:
            assert await response.text() == "a", "who does not ask for it gets the first"
    assert (len(clear.received), len(secure.received)) == (1, 7)


async def test_where_nobody_speaks_tls_it_is_not_done_without(
    registry: FakeRegistry, observer: RecordingObserver, ca: Authority
) -> None:
    async with a_mesh(registry, observer, lookup_timeout_s=0.01) as mesh, peer(registry, "ports", id="a") as one:
        await known(mesh)
        with pytest.raises(NoInstances) as caught:
            await mesh.get("https://ports/")
        async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
            with pytest.raises(NoInstances):
                await session.ws_connect("wss://ports/")
    said = f"(registered without TLS, which https:// asks for: a at '{one.instance.address}')"
    assert str(caught.value).endswith(said)
    assert one.received == []


async def test_who_means_a_host_of_dns_is_told_how_to_write_it(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async with a_mesh(registry, observer, lookup_timeout_s=0.01) as mesh:
        await known(mesh, "gitlab")
        with pytest.raises(NoInstances, match=r"no service 'gitlab' .* \(for a host of DNS write https://gitlab\./\)"):
            await mesh.get("https://gitlab/")
