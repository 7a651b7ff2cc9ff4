"""Which trace a request is a part of that says of itself that it is in one."""

from __future__ import annotations

import runpy
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from observability.spans import Span
from observability.testing import Recorded, recorded
from services.gateway.edge.proxies import parse_proxies
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.answers import breaking_off, endless
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, Handler, behind, instance

TRACE, PARENT = "1" * 32, "2" * 16
SAID = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "a=b", "baggage": "tenant=x"}


@pytest.fixture
def told() -> Iterator[Recorded]:
    with recorded(instance("gateway", 1)) as told:
        yield told


@asynccontextmanager
async def gateway(
    registry: discovery.StaticRegistry, echo: Handler, told: Recorded, edge: EdgeSettings
) -> AsyncIterator[Client]:
    config = discovery.MeshConfig(name="gateway", drain_s=0, edge=True, trust_traces=edge.trust_traces)
    async with (
        behind(registry, "echo", echo),
        discovery.serving(
            build(edge), config, registry=registry, observe=lambda _: nullcontext(told.observer)
        ) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Client(server, session)


def server_span(told: Recorded) -> Span:
    (span,) = [span for span in told.spans() if span.kind == "server"]
    return span


def trace_of(headers: Mapping[str, str]) -> str:
    return headers["traceparent"].split("-")[1]


async def test_a_strangers_trace_ends_here_and_is_linked_to(registry: discovery.StaticRegistry, told: Recorded) -> None:
    echo, edge = Echo(), EdgeSettings.from_env({"GATEWAY_TRACES": "restart"})
    assert edge == EdgeSettings()
    async with gateway(registry, echo, told, edge) as client:
        await client("GET", "/api/echo/x", headers=SAID)

    span, sent = server_span(told), echo.requests[0].headers
    assert (span.trace_id != TRACE, trace_of(sent)) == (True, span.trace_id)
    assert not {"tracestate", "baggage"} & sent.keys()


async def test_a_trace_that_is_trusted_goes_on_with_its_state_and_baggage(
    registry: discovery.StaticRegistry, told: Recorded
) -> None:
    echo, edge = Echo(), EdgeSettings.from_env({"GATEWAY_TRACES": "trust"})
    async with gateway(registry, echo, told, edge) as client:
        answer = await client("GET", "/api/echo/x", headers={**SAID, "b3": f"{'3' * 32}-{'4' * 16}-1"})

    span, sent = server_span(told), echo.requests[0].headers
    assert (span.trace_id, span.parent_id) == (TRACE, PARENT)
    assert {name: sent.getall(name) for name in ("tracestate", "baggage")} == {
        "tracestate": ["a=b"],
        "baggage": ["tenant=x"],
    }
    assert (trace_of(sent), len(sent.getall("traceparent")), "b3" in sent) == (TRACE, 1, False)
    assert sent["traceparent"] != SAID["traceparent"], "what calls the service is a span of the gateway's"
    assert answer.headers["X-Request-Id"] == TRACE


async def test_a_trace_that_is_trusted_and_not_sampled_has_no_span_here(
    registry: discovery.StaticRegistry, told: Recorded
) -> None:
    echo, edge = Echo(), EdgeSettings(trust_traces=True)
    async with gateway(registry, echo, told, edge) as client:
        await client("GET", "/api/echo/x", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})

    assert trace_of(echo.requests[0].headers) == TRACE
    assert TRACE not in {span.trace_id for span in told.spans()}


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "rubbish",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE.replace('1', 'G')}-{PARENT}-01",
        "1" * 8000,
    ],
)
async def test_what_is_trusted_and_makes_no_sense_begins_a_new_trace(
    registry: discovery.StaticRegistry, told: Recorded, parent: str
) -> None:
    echo, edge = Echo(), EdgeSettings(trust_traces=True)
    async with gateway(registry, echo, told, edge) as client:
        headers = {"traceparent": parent, "tracestate": ",=,;" * 100, "baggage": ",,=,;=%zz"}
        answer = await client("GET", "/api/echo/x", headers=headers)

    span, sent = server_span(told), echo.requests[0].headers
    assert (answer.status, span.parent_id) == (200, "")
    assert (span.trace_id != TRACE, trace_of(sent)) == (True, span.trace_id)


@pytest.mark.parametrize("text", ["on", "Trust", "restart,trust"])
def test_a_policy_that_is_none_is_told_at_the_start(text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=r"^GATEWAY_TRACES: it is restart or trust: got "):
        EdgeSettings.from_env({"GATEWAY_TRACES": text})


@pytest.mark.parametrize(("text", "trusted"), [("", False), ("restart", False), ("trust", True)])
def test_the_process_does_as_it_is_told(monkeypatch: pytest.MonkeyPatch, text: str, trusted: bool) -> None:
    started: list[discovery.MeshConfig] = []

    def run(app: web.Application, config: discovery.MeshConfig, **_: Any) -> None:
        started.append(config)

    monkeypatch.setattr(discovery, "run", run)
    monkeypatch.setenv("GATEWAY_TRACES", text)
    runpy.run_module("services.gateway", run_name="__main__")

    assert [(config.edge, config.trust_traces) for config in started] == [(True, trusted)]


def test_a_process_whose_settings_make_no_sense_says_so_and_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_TRACES", "maybe")
    monkeypatch.setenv("GATEWAY_PROXIES", "everybody")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("services.gateway", run_name="__main__")

    assert ended.value.code == 2
    assert [line.partition(":")[2].split(":")[0] for line in capsys.readouterr().err.splitlines()] == [
        " GATEWAY_PROXIES",
        " GATEWAY_TRACES",
    ]


@pytest.mark.parametrize("length", [1_000_000, None], ids=["with a length", "in chunks"])
@pytest.mark.parametrize("recorded_there", [True, False], ids=["with an access log", "without one"])
async def test_an_answer_that_its_service_breaks_off_is_the_services_fault(
    registry: discovery.StaticRegistry, told: Recorded, length: int | None, recorded_there: bool
) -> None:
    edge = EdgeSettings() if recorded_there else EdgeSettings(access_log=None)
    async with gateway(registry, breaking_off(length), told, edge) as client:
        with pytest.raises(aiohttp.ClientError):
            await client("GET", "/api/echo/x")

    span = server_span(told)
    assert (span.failed, span.attributes["error.type"]) == (True, "ClientPayloadError")
    assert span.attributes["http.response.status_code"] == 200


async def test_an_answer_that_its_client_breaks_off_is_nobodys_fault(
    registry: discovery.StaticRegistry, told: Recorded
) -> None:
    async with (
        gateway(registry, endless, told, EdgeSettings()) as client,
        client.session.get(f"http://{client.address}/api/echo/x") as response,
    ):
        await response.content.read(10)
        response.close()

    span = server_span(told)
    assert (span.failed, "error.type" in span.attributes) == (False, False)
    assert "http.response.status_code" not in span.attributes


async def test_the_span_names_the_client_of_a_trusted_proxy(registry: discovery.StaticRegistry, told: Recorded) -> None:
    edge = EdgeSettings(proxies=parse_proxies("127.0.0.1"))
    async with gateway(registry, Echo(), told, edge) as client:
        await client("GET", "/api/echo/x", headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.7"})

    span = server_span(told)
    assert span.attributes["client.address"] == "203.0.113.7"
    assert span.attributes["http.response.status_code"] == 200
