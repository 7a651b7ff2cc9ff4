"""Requests as senders send them, and a console that only stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from sqlalchemy import Connection, text

from discovery.testing.clock import FakeClock
from discovery.web import boundary
from observability.console.ingest.forms import Json, Protobuf
from observability.console.ingest.parcel import Parcel
from observability.console.ingest.receiving import add_routes
from observability.console.ingest.recorder import Recorder
from observability.console.ingest.stored import Stored
from observability.console.store.database import Database

PROTOBUF = Protobuf.content_type
JSON = Json.content_type
# Now, too, in all of these tests.
START = 1_763_800_000_000_000_000
# For how long things are kept.
KEEP_S = 7_200

Row = Mapping[str, Any]


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def value(of: object) -> AnyValue:
    match of:
        case bool():
            return AnyValue(bool_value=of)
        case str():
            return AnyValue(string_value=of)
        case int():
            return AnyValue(int_value=of)
        case float():
            return AnyValue(double_value=of)
        case bytes():
            return AnyValue(bytes_value=of)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value(each) for each in of]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(of)))
        case _:
            return AnyValue()


def pairs(attributes: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(of)) for key, of in attributes.items()]


def span(
    number: int = 1,
    *,
    trace: int = 1,
    parent: int = 0,
    name: str = "GET /",
    start: int = START,
    end: int = START + 1_000_000,
    failed: bool = False,
    kind: Span.SpanKind.ValueType = Span.SPAN_KIND_SERVER,
    **attributes: object,
) -> Span:
    return Span(
        trace_id=trace_id(trace),
        span_id=span_id(number),
        parent_span_id=span_id(parent) if parent else b"",
        name=name,
        kind=kind,
        start_time_unix_nano=start,
        end_time_unix_nano=end,
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
        attributes=pairs({key.replace("_", "."): of for key, of in attributes.items()}),
    )


def spans(*some: Span, service: str = "ports") -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs({"service.name": service, "service.instance.id": f"{service}-1"}))
    group.scope_spans.add().spans.extend(some)
    return bytes(request.SerializeToString())


def logs(*bodies: object, trace: int = 0) -> bytes:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend(pairs({"service.name": "ports"}))
    scope = group.scope_logs.add()
    scope.scope.name = "services.ports"
    for body in bodies:
        line = scope.log_records.add(time_unix_nano=START, severity_number=13, body=value(body))
        line.trace_id = trace_id(trace) if trace else b""
    return bytes(request.SerializeToString())


def metrics(*values: float) -> bytes:
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    group.resource.attributes.extend(pairs({"service.name": "ports"}))
    metric = group.scope_metrics.add().metrics.add(name="mesh.instances", unit="{instance}")
    for number in values:
        metric.gauge.data_points.add(as_double=number, time_unix_nano=START, attributes=pairs({"a": 1}))
    return bytes(request.SerializeToString())


@dataclass(frozen=True)
class Console:
    """Where to store, with a look at what is stored."""

    database: Database
    recorder: Recorder
    clock: FakeClock

    async def store(self, body: bytes, signal: str = "traces") -> Stored:
        parcel = Parcel(signal, Protobuf(), body)
        await self.recorder.admit(parcel)
        return await self.recorder.store(parcel)

    async def rows(self, query: str) -> list[Row]:
        return await self.database.read(lambda connection: rows(connection, query))

    async def change(self, *statements: str) -> None:
        def change(connection: Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement).close()

        await self.database.write(change)


def rows(connection: Connection, query: str) -> list[Row]:
    return [dict(row) for row in connection.execute(text(query)).mappings()]


@asynccontextmanager
async def console(folder: Path) -> AsyncIterator[Console]:
    clock = FakeClock(wall=START / 10**9)
    async with Database(folder / "console.db", clock) as database:
        yield Console(database, Recorder(database, clock, KEEP_S), clock)


@asynccontextmanager
async def serving(recorder: Recorder) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(middlewares=[boundary])
    add_routes(app, recorder)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client
