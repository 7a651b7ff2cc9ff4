"""Our carrier under python-consul2: pools, limits, failures, and the token."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from consul import base

from discovery.config import MeshConfig
from discovery.errors import RegistryError, RegistryRejected, RegistryUnavailable
from discovery.registry import connections
from discovery.registry.access import Access
from discovery.registry.codec import Garbled
from discovery.registry.transport import Carrier, Consul

TOKEN = "a-token-nobody-may-see"


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


@asynccontextmanager
async def talking(words: bytes) -> AsyncIterator[str]:
    """Something that is no web server: it says *words*, whatever it is asked, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


def carried(url: str, token: str = "", **limits: float) -> Carrier:
    return Carrier(Access(MeshConfig(name="tests", consul_url=url, consul_token=token)), **limits)  # type: ignore[arg-type]  # numbers


def body(response: base.Response) -> str:
    return str(response.body)


async def test_one_connection_is_used_again_and_again() -> None:
    connections = set()

    async def handler(request: web.Request) -> web.Response:
        connections.add(request.transport)
        return web.Response(text="yes")

    async with serving(handler) as url, carried(url) as carrier:
        assert [await carrier.get(body, "/v1/x") for _ in range(20)] == ["yes"] * 20
    assert len(connections) == 1


async def test_every_verb_of_python_consul2_is_carried() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {request.path_qs} {await request.text()}")

    async with serving(handler) as url, carried(url) as carrier:
        assert await carrier.get(body, "/v1/x y", [("a", "b&c")]) == "GET /v1/x%20y?a=b%26c "
        assert await carrier.put(body, "/v1/x", data="1") == "PUT /v1/x 1"
        assert await carrier.post(body, "/v1/x", data=b"2") == "POST /v1/x 2"
        assert await carrier.delete(body, "/v1/x") == "DELETE /v1/x "


async def test_a_path_before_the_api_is_kept() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=request.path)

    async with serving(handler) as url, carried(f"{url}/consul/") as carrier:
        assert await carrier.get(body, "/v1/x") == "/consul/v1/x"


async def test_nothing_is_asked_outside_the_block() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await carried("http://127.0.0.1:1").get(body, "/v1/x")


async def test_a_wait_and_its_jitter_prolong_the_limit() -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handler) as url:
        async with carried(url, margin_s=0.05) as carrier:
            with pytest.raises(RegistryUnavailable, match=r"did not answer GET /v1/x within 0\.05 s"):
                await carrier.get(body, "/v1/x")
        # 16 s of wait and 1 s of jitter make 17; the margin brings that down to what a test can wait for.
        async with carried(url, margin_s=-16.95) as carrier:
            with pytest.raises(RegistryUnavailable, match=r"within 0\.05 s"):
                await carrier.get(body, "/v1/x", wait_s=16)


async def test_a_refusal_names_the_service_as_it_is_called() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403, text="Permission denied")

    async with serving(refuse) as url, carried(url) as carrier:
        with pytest.raises(RegistryRejected, match=r'service "our/own ports" \{ policy = "read" \}'):
            await carrier.get(body, "/v1/health/service/our/own ports")


async def test_a_handshake_that_takes_too_long_is_told_by_its_own_limit_and_not_by_that_of_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "_CONNECT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with carried(f"https://127.0.0.1:{mute.getsockname()[1]}") as carrier:
            with pytest.raises(RegistryUnavailable, match=r"cannot be reached within 0\.05 s: is the address right"):
                await carrier.get(body, "/v1/x", wait_s=16)


async def test_a_cancelled_read_is_cancelled() -> None:
    asked = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(handler) as url, carried(url) as carrier:
        read = asyncio.create_task(carrier.get(body, "/v1/x"))
        await asked.wait()
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read


async def test_an_agent_that_is_away_is_unavailable() -> None:
    async with carried("http://127.0.0.1:1") as carrier:
        with pytest.raises(
            RegistryUnavailable, match=r"http://127\.0\.0\.1:1 cannot be reached .* is the agent running"
        ):
            await carrier.get(body, "/v1/x")


async def test_tls_to_an_agent_that_speaks_none_is_unavailable() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url, carried(url.replace("http:", "https:")) as carrier:
        with pytest.raises(RegistryUnavailable, match=r"does not speak TLS .* is it http:// after all"):
            await carrier.get(body, "/v1/x")


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
async def test_whatever_is_not_a_web_server_is_unavailable(words: bytes) -> None:
    async with talking(words) as url, carried(url, TOKEN) as carrier:
        with pytest.raises(RegistryUnavailable) as caught:
            await carrier.get(body, "/v1/x")
    assert TOKEN not in told(caught.value)


async def test_an_answer_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_SIZE_MAX", 1000)

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x" * int(request.query["size"]))

    async with serving(handler) as url, carried(url) as carrier:
        assert len(await carrier.get(body, "/v1/x", [("size", "1000")])) == 1000
        with pytest.raises(RegistryUnavailable, match="longer than 1000 bytes"):
            await carrier.get(body, "/v1/x", [("size", "1001")])


async def test_a_big_answer_does_not_stall_the_loop() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="x" * int(request.query["size"]))

    def on_loop(response: base.Response) -> bool:
        return threading.current_thread() is threading.main_thread()

    async with serving(handler) as url, carried(url) as carrier:
        assert await carrier.get(on_loop, "/v1/x", [("size", "1000")])
        assert not await carrier.get(on_loop, "/v1/x", [("size", "1000000")])


async def test_a_big_answer_is_whole_and_its_text_can_be_read() -> None:
    words = "".join(map(str, range(100_000)))

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=words)

    def both(response: base.Response) -> tuple[bytes, str]:
        return bytes(response.content), response.body

    async with serving(handler) as url, carried(url) as carrier:
        assert await carrier.get(both, "/v1/x") == (words.encode(), words)


async def test_what_the_codec_cannot_read_is_unavailable() -> None:
    def refuse(response: base.Response) -> None:
        raise Garbled("no index")

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with serving(handler) as url, carried(url) as carrier:
        with pytest.raises(RegistryUnavailable, match=r"garbled answer \(no index\)"):
            await carrier.get(refuse, "/v1/x")


async def test_what_is_absent_is_a_404_whatever_the_version_of_the_agent() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["status"]), text='Unknown service "p1"')

    def code(response: base.Response) -> int:
        return int(response.code)

    async with serving(handler) as url, carried(url) as carrier:
        for status in ("404", "500"):
            assert await carrier.get(code, "/v1/x", [("status", status)]) == 404


async def test_a_redirect_is_not_followed_with_our_token() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise AssertionError

    async with serving(elsewhere) as other:

        async def handler(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(other)

        async with serving(handler) as url, carried(url, TOKEN) as carrier:
            with pytest.raises(RegistryRejected, match="307"):
                await carrier.get(body, "/v1/x")


async def test_the_token_is_in_the_header_and_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path_qs)
        assert request.headers.getall("X-Consul-Token") == [TOKEN]
        # The worst agent there is: it repeats what it was told.
        return web.Response(status=int(request.query["status"]), text=f"no: {TOKEN}", reason="No")

    async with serving(handler) as url, carried(url, TOKEN) as carrier:
        for status in (307, 400, 401, 403, 404, 429, 500, 503):
            with pytest.raises(RegistryError) as caught:
                await carrier.get(body, "/v1/x", [("status", str(status))])
            assert TOKEN not in told(caught.value)
    for away in (url, url.replace("http:", "https:")):
        async with carried(away, TOKEN) as carrier:
            with pytest.raises(RegistryUnavailable) as unreachable:
                await carrier.get(body, "/v1/x")
        assert TOKEN not in told(unreachable.value)
    assert len(seen) == 8
    assert not any(TOKEN in line for line in seen)
    assert TOKEN not in caplog.text


async def test_a_password_in_the_address_is_not_shown() -> None:
    async with carried("http://user:hunter2@127.0.0.1:1") as carrier:
        with pytest.raises(RegistryUnavailable) as caught:
            await carrier.get(body, "/v1/x")
    assert "hunter2" not in told(caught.value)


async def test_the_environment_does_not_beat_our_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSUL_HTTP_ADDR", "no address at all")
    monkeypatch.setenv("CONSUL_HTTP_SSL", "true")
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "another")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def handler(request: web.Request) -> web.Response:
        assert request.headers.getall("X-Consul-Token") == [TOKEN]
        return web.Response(text="true")

    async with serving(handler) as url, carried(url, TOKEN) as carrier:
        assert await Consul(carrier).agent.service.deregister("p1") is True


def test_making_a_client_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Consul(carried("http://127.0.0.1:8500"))


def told(error: BaseException) -> str:
    """All that a log, a debugger or a telemetry library could show of an error, its chain included."""
    parts: list[Any] = []
    seen: BaseException | None = error
    while seen is not None:
        parts += [str(seen), repr(seen), seen.args, vars(seen)]
        seen = seen.__cause__ or seen.__context__
    return " ".join(map(str, [*parts, *traceback.format_exception(error)]))
