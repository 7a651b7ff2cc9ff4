"""`mesh call`: the body here, the story there, and an exit code."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery import wire
from discovery.testing.servers import drips, misbehaving, refusing
from tests.contract.api import Api
from tests.discovery.cli.conftest import Mesh


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@asynccontextmanager
async def serving(agent: Api, *statuses: int, nacked: bool = False) -> AsyncIterator[list[Seen]]:
    """Instances of ports, each answering with its status and telling what it was sent."""
    seen: list[Seen] = []
    servers = []
    for number, status in enumerate(statuses, 1):

        async def answer(request: web.Request, status: int = status) -> web.Response:
            seen.append(Seen(request.method, request.path_qs, request.headers, await request.read()))
            headers = {"X-From": "ports"} | ({wire.NACK: wire.NACK_DRAINING} if nacked and status == 503 else {})
            return web.Response(status=status, text=f"status {status}\n", headers=headers)

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        await agent.register("ports", ID=f"ports-{number}", Address="127.0.0.1", Port=server.port)
    try:
        yield seen
    finally:
        for server in servers:
            await server.close()


async def test_the_body_goes_out_and_the_attempt_and_the_trace_are_told(agent: Api, mesh: Mesh) -> None:
    async with serving(agent, 200) as seen:
        said = await mesh("call", "ports", "/ports?limit=1")

    assert (said.code, said.out) == (0, "status 200\n")
    asked, attempt, trace = said.err.splitlines()
    assert asked == "→ GET http://ports/ports?limit=1"
    assert re.fullmatch(r"→ ports-1  127\.0\.0\.1:\d+  200  \d+\.\d ms", attempt)
    assert seen[0].path == "/ports?limit=1"
    version, trace_id, span_id, flags = seen[0].headers["traceparent"].split("-")
    assert trace == f"  trace {trace_id}"
    assert (version, len(trace_id), len(span_id), flags) == ("00", 32, 16, "01")


async def test_a_nack_is_told_and_repeated_elsewhere_in_the_same_trace(agent: Api, mesh: Mesh) -> None:
    async with serving(agent, 503, nacked=True) as seen:
        said = await mesh("call", "ports", "/ports", "-X", "POST")

    attempts = [each for each in said.err.splitlines() if each.startswith("→ ports-1")]
    assert (said.code, said.out) == (1, "status 503\n")
    assert len(attempts) >= 3
    assert all("503  nacked" in each for each in attempts)
    assert "because: nacked" in attempts[1]
    assert len({request.headers["traceparent"] for request in seen}) > 0
    assert len({request.headers["traceparent"].split("-")[1] for request in seen}) == 1


async def test_a_status_of_400_or_more_is_a_failure(agent: Api, mesh: Mesh) -> None:
    async with serving(agent, 404):
        said = await mesh("call", "ports", "/nothing", "-i")

    assert said.code == 1
    assert said.out.startswith("HTTP/1.1 404 Not Found\nX-From: ports\n")
    assert said.out.endswith("\n\nstatus 404\n")


async def test_json_holds_the_answer_and_the_attempts(agent: Api, mesh: Mesh) -> None:
    async with serving(agent, 200) as seen:
        said = await mesh("call", "ports", "/ports", "--json")

    answer = said.json
    assert (answer["status"], answer["body"]) == (200, "status 200\n")
    assert ["X-From", "ports"] in answer["headers"]
    assert answer["trace_id"] == seen[0].headers["traceparent"].split("-")[1]
    [attempt] = answer["attempts"]
    assert (attempt["number"], attempt["instance"]) == (1, "ports-1")
    assert (attempt["outcome"], attempt["status"]) == ("answered", 200)


async def test_a_body_a_method_and_headers_are_sent(agent: Api, mesh: Mesh, tmp_path: Path) -> None:
    file = tmp_path / "port.json"
    file.write_text('{"name": "left"}')
    async with serving(agent, 201) as seen:
        await mesh("call", "ports", "/ports", "-d", '{"name": "right"}', "-H", "X-Mine: yes")
        await mesh("call", "ports", "/ports", "-X", "put", "-d", f"@{file}", "-H", "content-type: text/plain")

    first, second = seen
    assert (first.method, first.body, first.headers["X-Mine"]) == ("POST", b'{"name": "right"}', "yes")
    assert first.headers["Content-Type"] == "application/json"
    assert (second.method, second.body, second.headers["Content-Type"]) == ("PUT", b'{"name": "left"}', "text/plain")


async def test_a_trace_of_the_caller_s_own_is_kept(agent: Api, mesh: Mesh) -> None:
    mine = f"00-{'a' * 32}-{'b' * 16}-01"
    async with serving(agent, 200) as seen:
        said = await mesh("call", "ports", "/ports", "-H", f"traceparent: {mine}")

    assert seen[0].headers["traceparent"] == mine
    assert f"trace {'a' * 32}" in said.err


async def test_an_unknown_service_is_nobody_to_ask(agent: Api, mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_LOOKUP_TIMEOUT_S", "0.2")
    said = await mesh("call", "portz", "/ports")

    assert (said.code, said.out) == (2, "")
    assert "no service 'portz' is registered; known services: consul" in said.err


async def test_consul_away_is_nobody_to_ask_either(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_LOOKUP_TIMEOUT_S", "0.2")
    with refusing() as address:
        said = await mesh("call", "ports", "/ports", "--consul", address)

    assert (said.code, said.out) == (2, "")
    assert "the registry has not told us" in said.err


async def test_no_answer_is_a_failure(agent: Api, mesh: Mesh) -> None:
    with refusing() as address:
        await agent.register("ports", Address="127.0.0.1", Port=int(address.rpartition(":")[2]))
        said = await mesh("call", "ports", "/ports")

    assert (said.code, said.out) == (1, "")
    assert said.err.count("unsent") >= 3
    assert said.err.endswith("mesh: no response from ports\n")


async def test_an_answer_that_breaks_off_is_a_failure_and_no_traceback(agent: Api, mesh: Mesh) -> None:
    async with misbehaving(drips) as server:
        await agent.register("ports", Address="127.0.0.1", Port=int(server.address.rpartition(":")[2]))
        said = await mesh("call", "ports", "/ports", "--timeout", "0.5")

    assert said.code == 1
    assert set(said.out) == {"."}
    assert "the answer broke off" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["ports"],
        ["/ports", "-H", "no colon"],
        ["/ports", "-H", "A: b\r\nC: d"],
        ["/ports", "-X", "GE T"],
        ["/ports", "-d", "@/nowhere/at/all"],
        *(["/ports", "--timeout", number] for number in ("0", "-1", "inf", "nan")),
        ["/a\nb"],
    ],
)
async def test_what_cannot_be_a_request_is_refused_before_anything_is_asked(mesh: Mesh, words: list[str]) -> None:
    said = await mesh("call", "ports", *words)

    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1


async def test_settings_that_make_no_sense_are_listed(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_TIMEOUT_S", "soon")

    said = await mesh("call", "ports", "/ports")

    assert said.code == 2
    assert "MESH_TIMEOUT_S='soon': expected a number of seconds" in said.err


async def test_where_a_collector_is_named_the_call_s_own_spans_reach_it(
    agent: Api, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    import observability

    async with observability.Receiver() as receiver, serving(agent, 200) as seen:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        said = await mesh("call", "ports", "/ports")
        trace_id = re.findall(r"trace ([0-9a-f]{32})", said.err)[0]
        spans = await receiver.wait_for(trace_id, lambda spans: len(spans) == 2)

    assert {span.name for span in spans} == {"call ports", "GET"}
    assert {span.service for span in spans} == {"mesh"}
    assert seen[0].headers["traceparent"].split("-")[1] == trace_id


async def test_a_binary_body_is_base64_in_json(agent: Api, mesh: Mesh) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"\xff\x00")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        await agent.register("ports", Address="127.0.0.1", Port=server.port)
        said = await mesh("call", "ports", "/", "--json")
        raw = await mesh("call", "ports", "/")

    assert json.loads(said.out)["body_base64"] == "/wA="
    assert raw.code == 0
