from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import AsyncIterator

import aiohttp
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from observability import receiver as module
from observability.receiver import Receiver

PROTOBUF = {"Content-Type": "application/x-protobuf"}
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def traces(*span_ids: int, trace_id: str = TRACE_ID, name: str = "GET /ports") -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in (("service.name", "ports"), ("service.instance.id", "ports-1")):
        pair = group.resource.attributes.add()
        pair.key, pair.value.string_value = key, value
    scope = group.scope_spans.add()
    for number in span_ids:
        span = scope.spans.add()
        span.trace_id = bytes.fromhex(trace_id)
        span.span_id = number.to_bytes(8, "big")
        span.parent_span_id = (number - 1).to_bytes(8, "big") if number > 1 else b""
        span.name, span.kind = name, 2
        span.start_time_unix_nano, span.end_time_unix_nano = 1_000, 3_000_000
        span.status.code = 2
        pair = span.attributes.add()
        pair.key, pair.value.int_value = "http.response.status_code", 503
        pair = span.attributes.add()
        pair.key, pair.value.array_value.values.add().string_value = "many", "x"
    return bytes(request.SerializeToString())


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers=PROTOBUF) as session:
        yield session


async def post(session: aiohttp.ClientSession, url: str, body: bytes, **headers: str) -> int:
    async with session.post(url, data=io.BytesIO(body), headers=headers) as response:
        await response.read()
        return response.status


async def test_spans_come_in_as_plain_data(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        assert await post(session, f"{receiver.endpoint}/v1/traces", traces(1, 2)) == 200
        root, child = receiver.trace(TRACE_ID)
        assert receiver.traces() == (TRACE_ID,)
        assert receiver.received == {"traces": 2}
    assert (root.service, root.instance, root.name, root.kind) == ("ports", "ports-1", "GET /ports", "server")
    assert (root.parent_id, child.parent_id) == ("", root.span_id)
    assert (root.start_ns, root.end_ns, root.failed) == (1_000, 3_000_000, True)
    assert root.attributes["http.response.status_code"] == 503
    assert isinstance(root.attributes["many"], str)


async def test_a_packed_body_is_understood_and_other_packings_are_refused(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        url, body = f"{receiver.endpoint}/v1/traces", gzip.compress(traces(1))
        assert await post(session, url, body, **{"Content-Encoding": "gzip"}) == 200
        assert len(receiver.trace(TRACE_ID)) == 1
        assert await post(session, url, body, **{"Content-Encoding": "br"}) == 415


async def test_metrics_and_logs_are_counted(session: aiohttp.ClientSession) -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add().name = "x"
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "x"
    async with Receiver() as receiver:
        assert await post(session, f"{receiver.endpoint}/v1/metrics", metrics.SerializeToString()) == 200
        assert await post(session, f"{receiver.endpoint}/v1/logs", logs.SerializeToString()) == 200
        assert receiver.received == {"metrics": 1, "logs": 1}


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
async def test_a_broken_body_is_refused(session: aiohttp.ClientSession, signal: str) -> None:
    async with Receiver() as receiver:
        url = f"{receiver.endpoint}/v1/{signal}"
        assert await post(session, url, b"\xff\xff\xff") == 400
        assert await post(session, url, b"not gzip at all", **{"Content-Encoding": "gzip"}) == 400
        assert await post(session, url, gzip.compress(b"")[:-1], **{"Content-Encoding": "gzip"}) == 400
        assert not receiver.traces()


async def test_ids_of_the_wrong_length_are_refused(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        assert await post(session, f"{receiver.endpoint}/v1/traces", traces(1, trace_id="abcd")) == 400


async def test_other_types_and_paths_and_methods_are_refused(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        url = f"{receiver.endpoint}/v1/traces"
        assert await post(session, url, b"{}", **{"Content-Type": "application/json"}) == 415
        assert await post(session, f"{receiver.endpoint}/v1/profiles", b"") == 404
        async with session.get(url) as response:
            assert response.status == 405


async def test_a_body_that_is_too_big_is_refused_also_when_it_travels_small(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        url = f"{receiver.endpoint}/v1/traces"
        assert await post(session, url, b"x" * (module.MAX_BODY + 1)) == 413
        bomb = gzip.compress(b"\0" * (module.MAX_BODY * 4))
        assert await post(session, url, bomb, **{"Content-Encoding": "gzip"}) == 413


async def test_a_sender_that_dawdles_is_sent_away(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_S", 0.05)
    never = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with Receiver() as receiver, session.post(f"{receiver.endpoint}/v1/traces", data=dripping()) as response:
        assert response.status == 408


async def test_only_so_many_spans_are_kept(session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SPANS", 20)
    async with Receiver() as receiver:
        for number in range(30):
            await post(session, f"{receiver.endpoint}/v1/traces", traces(1, trace_id=f"{number:032x}"))
        assert len(receiver.traces()) == 20
        assert receiver.received["traces"] == 30


async def test_a_reader_can_wait_for_a_trace_to_be_whole(session: aiohttp.ClientSession) -> None:
    async with Receiver() as receiver:
        waiting = asyncio.create_task(receiver.wait_for(TRACE_ID, lambda spans: len(spans) == 2))
        await post(session, f"{receiver.endpoint}/v1/traces", traces(1))
        assert not waiting.done()
        await post(session, f"{receiver.endpoint}/v1/traces", traces(2))
        assert len(await waiting) == 2
        with pytest.raises(TimeoutError):
            await receiver.wait_for(TRACE_ID, lambda spans: len(spans) == 3, timeout_s=0.01)


async def test_ipv6_is_an_address_like_any_other() -> None:
    async with Receiver("::1") as receiver:
        assert receiver.endpoint.startswith("http://[::1]:")
