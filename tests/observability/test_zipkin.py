"""Spans to Zipkin, as its own JSON and as far as that can be away."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from discovery.errors import ConfigError
from discovery.model import Instance, Outcome
from discovery.observer import Observer
from observability.receiver import Receiver
from tests.observability.support import attempt, make, request
from tests.observability.test_pipeline import busy, observed, refusing, silent, work


class Zipkin:
    """What was posted to a Zipkin that takes everything."""

    def __init__(self) -> None:
        self.url = ""
        self.types: set[str] = set()
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [span for body in self.bodies for span in json.loads(body)]

    async def take(self, request: web.Request) -> web.Response:
        self.types.add(request.content_type)
        self.bodies.append(await request.read())
        return web.Response(status=202)


@asynccontextmanager
async def zipkin() -> AsyncIterator[Zipkin]:
    taken = Zipkin()
    app = web.Application()
    app.router.add_post("/api/v2/spans", taken.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taken.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v2/spans"
    try:
        yield taken
    finally:
        await runner.cleanup()


def one_of_each(observer: Observer) -> None:
    """A request that calls: one attempt is lost, the other one answered."""
    served = observer.request(request(query="token=s3cret"))
    with served.activate():
        make(observer, attempt(1, Outcome.LOST, None), attempt(2, reason="lost"))
    served.end(200, "/laptops/{id}")


async def test_a_trace_arrives_as_zipkin_wants_it(identity: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    async with zipkin() as taken:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
        monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", taken.url)
        await observed(identity, one_of_each)

    assert taken.types == {"application/json"}
    lost, answered, above, server = taken.spans
    assert [span["name"] for span in taken.spans] == ["GET", "GET", "call ports", "GET /laptops/{id}"]
    assert [span.get("kind") for span in taken.spans] == ["CLIENT", "CLIENT", None, "SERVER"]
    assert lost["parentId"] == answered["parentId"] == above["id"]
    assert above["parentId"] == server["id"]
    assert "parentId" not in server
    assert {span["traceId"] for span in taken.spans} == {server["traceId"]}
    assert len(server["traceId"]) == 32
    here = {"serviceName": "laptops", "ipv4": "127.0.0.1", "port": 5000}
    assert [span["localEndpoint"] for span in taken.spans] == [here] * 4
    assert lost["remoteEndpoint"] == {"serviceName": "ports", "ipv4": "127.0.0.1", "port": 5001}
    assert server["remoteEndpoint"] == {"ipv4": "127.0.0.1"}
    assert "remoteEndpoint" not in above
    assert lost["tags"]["error"] == "lost"
    assert "error" not in answered["tags"]
    assert server["tags"]["http.response.status_code"] == "200"
    assert server["tags"]["service.instance.id"] == identity.id
    assert server["tags"]["url.query"] == "token=REDACTED"
    assert all(isinstance(value, str) for span in taken.spans for value in span["tags"].values()), "null is refused"
    assert "null" not in b"".join(taken.bodies).decode()
    assert all(isinstance(span["timestamp"], int) and isinstance(span["duration"], int) for span in taken.spans)


async def test_a_list_sends_to_all_that_it_names(
    identity: Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with zipkin() as taken, Receiver() as receiver:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp, zipkin,console")
        monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", taken.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        await observed(identity)
        (trace_id,) = receiver.traces()
        assert {span["id"] for span in taken.spans} == {span.span_id for span in receiver.trace(trace_id)}
        assert len(taken.spans) == 3
    assert f"trace={trace_id}" in capsys.readouterr().err


async def test_none_sends_nothing_and_writes_no_trace(
    identity: Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESH_LOG", "pretty")
    async with Receiver() as receiver:
        for signal in ("TRACES", "METRICS", "LOGS"):
            monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "none")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        await observed(identity)
        assert not receiver.received
    assert "call ports" not in capsys.readouterr().err


@pytest.mark.parametrize("server", [refusing, silent, busy])
async def test_a_zipkin_that_does_not_take_anything_delays_nobody_for_long(
    identity: Instance,
    server: Callable[[], AbstractAsyncContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    async with server() as url:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
        monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", url.replace("http://", "http://me:s3cret@") + "/s3cret")
        record_property("seconds", await observed(identity, lambda observer: work(observer, calls=2000)))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "s3cret" not in repr(lines)
    told = [line["event"] for line in lines if line["logger"] == "observability.ledger"]
    assert sum(int(line.split()[4]) for line in told if line.startswith("spans for Zipkin lost")) == 4001
    assert {line["logger"] for line in lines} == {"observability.ledger", "mesh", "shop"}


async def test_a_zipkin_that_is_away_costs_the_other_collector_nothing(
    identity: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with silent() as url, Receiver() as receiver:
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp,zipkin")
        monkeypatch.setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        await observed(identity)
        assert receiver.received["traces"] == 3


async def test_what_is_not_installed_is_named_with_its_extra(
    identity: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    monkeypatch.delitem(sys.modules, "observability.zipkin", raising=False)
    for module in ("opentelemetry.exporter.zipkin.json", "opentelemetry.exporter.zipkin.encoder"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"OTEL_TRACES_EXPORTER=zipkin needs .*proconsul\[zipkin\]"):
        await observed(identity)
