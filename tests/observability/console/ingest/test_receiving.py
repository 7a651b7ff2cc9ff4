from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # protobuf comes without types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from observability.console.ingest import receiving as module
from observability.console.ingest.codings import unheard
from observability.console.ingest.forms import SIGNALS
from tests.observability.console.ingest.otlp import (
    JSON,
    PROTOBUF,
    console,
    logs,
    metrics,
    serving,
    span,
    spans,
)

Client = TestClient[web.Request, web.Application]

GOOD = {"traces": spans(span(1), span(2)), "logs": logs("one", "two"), "metrics": metrics(1.0, 2.0)}


async def post(
    client: Client, body: bytes, kind: str = PROTOBUF, coding: str = "identity", signal: str = "traces"
) -> tuple[int, bytes]:
    headers = {"Content-Type": kind, "Content-Encoding": coding}
    async with client.post(f"/v1/{signal}", data=io.BytesIO(body), headers=headers) as response:
        assert response.status == 415 or response.content_type == kind
        return response.status, await response.read()


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_every_signal_is_committed_before_it_is_answered(tmp_path: Path, signal: str, coding: str) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        body = gzip.compress(GOOD[signal]) if coding == "gzip" else GOOD[signal]
        assert await post(client, body, coding=coding, signal=signal) == (200, b"")
        assert stores.recorder.received == {signal: 2}
        table = {"traces": "spans", "logs": "logs", "metrics": "points"}[signal]
        assert len(await stores.rows(f"SELECT * FROM {table}")) == 2  # noqa: S608 - one of three words


async def test_json_is_answered_in_json(tmp_path: Path) -> None:
    one = {"traceId": "01" * 16, "spanId": "02" * 8, "name": "GET /"}
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [one, {"traceId": "01"}]}]}]}
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        status, answer = await post(client, json.dumps(request).encode(), JSON)
        assert status == 200
        assert json.loads(answer) == {
            "partialSuccess": {"rejectedSpans": "1", "errorMessage": "1 with ids or values that are none"}
        }
        request["resourceSpans"][0]["scopeSpans"][0]["spans"].pop()
        assert await post(client, gzip.compress(json.dumps(request).encode()), JSON, "gzip") == (200, b"{}")


async def test_what_was_left_out_of_a_good_request_is_told(tmp_path: Path) -> None:
    broken = span()
    broken.trace_id = b"short"
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        status, body = await post(client, spans(span(1), broken))
        answer = ExportTraceServiceResponse()
        answer.ParseFromString(body)
        assert (status, answer.partial_success.rejected_spans) == (200, 1)
        assert answer.partial_success.error_message
        assert stores.recorder.received["traces"] == 1


BOMB = gzip.compress(bytes(module.MAX_BODY * 4))


@pytest.mark.parametrize(
    ("body", "kind", "coding", "status"),
    [
        pytest.param(b"\xff" * 100, PROTOBUF, "identity", 400, id="no protobuf"),
        pytest.param(b"{", JSON, "identity", 400, id="no JSON"),
        pytest.param(b"[1]", JSON, "identity", 400, id="JSON that is no request"),
        pytest.param(b'{"resourceSpans": 7}', JSON, "identity", 400, id="JSON of another shape"),
        pytest.param(b"\xff\xfe", JSON, "identity", 400, id="no UTF-8"),
        pytest.param(GOOD["traces"][:-3], PROTOBUF, "identity", 400, id="half a request"),
        pytest.param(gzip.compress(GOOD["traces"])[:-9], PROTOBUF, "gzip", 400, id="half a gzip"),
        pytest.param(b"no gzip at all", PROTOBUF, "gzip", 400, id="no gzip"),
        pytest.param(bytes(module.MAX_BODY + 1), PROTOBUF, "identity", 413, id="too big"),
        pytest.param(BOMB, PROTOBUF, "gzip", 413, id="a bomb"),
        pytest.param(BOMB, JSON, "gzip", 413, id="a bomb of JSON"),
        pytest.param(GOOD["traces"], "text/plain", "identity", 415, id="another type"),
        pytest.param(GOOD["traces"], PROTOBUF, "snappy", 415, id="another coding"),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_the_next_is_taken(
    tmp_path: Path, body: bytes, kind: str, coding: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        assert (await post(client, body, kind, coding))[0] == status
        assert await post(client, GOOD["traces"]) == (200, b"")
        assert stores.recorder.received == {"traces": 2}
        assert stores.recorder.dropped == {}
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_refusal_is_told_as_the_protocol_wants_it(tmp_path: Path) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        status = Status()
        status.ParseFromString((await post(client, b"\xff" * 100))[1])
        assert "not an OTLP request" in status.message
        assert json.loads((await post(client, b"{", JSON))[1])["message"]


async def test_deflate_is_read_as_well(tmp_path: Path) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        assert (await post(client, zlib.compress(GOOD["traces"]), coding="deflate"))[0] == 200


async def test_a_sender_that_dawdles_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READ_S", 0.05)
    never = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        headers = {"Content-Type": PROTOBUF}
        async with client.post("/v1/traces", data=dripping(), headers=headers) as response:
            assert response.status == 408
        assert await post(client, GOOD["traces"]) == (200, b"")


async def test_an_empty_request_is_a_good_one_and_no_news(tmp_path: Path) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        assert await post(client, b"") == (200, b"")
        assert await post(client, b"{}", JSON) == (200, b"{}")
        assert stores.recorder.sequence == 0


async def test_an_overload_is_told_with_the_time_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("observability.console.ingest.recorder.MAX_WAITING", 0)
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        headers = {"Content-Type": PROTOBUF}
        async with client.post("/v1/traces", data=GOOD["traces"], headers=headers) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert stores.recorder.dropped == {"traces": 2}
        assert (await post(client, b"\xff"))[0] == 400
        assert stores.recorder.dropped == {"traces": 2}


async def test_those_who_send_slowly_keep_nobody_waiting(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield GOOD["traces"][:1]
        await over.wait()
        yield GOOD["traces"][1:]

    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        headers = {"Content-Type": PROTOBUF}
        async with asyncio.TaskGroup() as senders:
            slow = [senders.create_task(client.post("/v1/traces", data=dripping(), headers=headers)) for _ in range(20)]
            assert await post(client, GOOD["logs"], signal="logs") == (200, b"")
            over.set()
        assert [task.result().status for task in slow] == [200] * 20
        assert stores.recorder.received == {"traces": 2, "logs": 2}


async def test_only_so_many_bytes_of_bodies_are_in_memory_and_they_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_HELD_MAX", len(GOOD["traces"]))
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        headers = {"Content-Type": PROTOBUF}
        async with client.post("/v1/traces", data=GOOD["traces"] * 2, headers=headers) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert stores.recorder.trouble == "more comes in than memory may hold"
        assert caplog.messages == ["1 requests with telemetry were not stored: more comes in than memory may hold"]
        for _ in range(3):
            assert await post(client, GOOD["traces"]) == (200, b"")
        assert stores.recorder.trouble == ""


@pytest.mark.parametrize("coding", ["br", "zstd"])
async def test_a_coding_whose_decoder_is_not_here_is_refused_without_a_word_in_the_log(
    tmp_path: Path, coding: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with console(tmp_path) as stores, serving(stores.recorder) as client:
        headers = {"Content-Type": PROTOBUF, "Content-Encoding": coding}
        with unheard():
            async with client.post("/v1/traces", data=io.BytesIO(b"packed"), headers=headers) as response:
                assert response.status in {400, 415}  # aiohttp's, or ours where it could decode it
        assert caplog.records == []
        assert await post(client, GOOD["traces"]) == (200, b"")
