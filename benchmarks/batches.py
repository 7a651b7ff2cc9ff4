"""Telemetry as processes of the mesh send it, made beforehand."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator, Sequence
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

# What the SDK sends at most.
BATCH = 512

# The attributes of a request, of a call that it made, and of that call's attempt.
SHAPES: Sequence[tuple[str, int, dict[str, str | int]]] = (
    (
        "GET /laptops/{id}",
        Span.SPAN_KIND_SERVER,
        {
            "http.request.method": "GET",
            "url.scheme": "http",
            "url.path": "/laptops/7",
            "url.query": "ports",
            "client.address": "127.0.0.1",
            "user_agent.original": "Python/3.13 aiohttp/3.14.5",
            "server.address": "127.0.0.1",
            "server.port": 5001,
            "http.route": "/laptops/{id}",
            "http.response.status_code": 200,
        },
    ),
    (
        "call ports",
        Span.SPAN_KIND_INTERNAL,
        {
            "http.request.method": "GET",
            "service.peer.name": "ports",
            "url.path": "/ports",
            "mesh.attempts": 1,
            "mesh.outcome": "answered",
            "http.response.status_code": 200,
        },
    ),
    (
        "GET",
        Span.SPAN_KIND_CLIENT,
        {
            "http.request.method": "GET",
            "service.peer.name": "ports",
            "server.address": "127.0.0.1",
            "server.port": 5001,
            "url.full": "http://127.0.0.1:5001/ports?laptop",
            "mesh.attempt": 1,
            "mesh.instance.id": "ports-127.0.0.1-5001",
            "mesh.pick.candidates": 3,
            "mesh.pick.pool": "passing",
            "mesh.outcome": "answered",
            "http.response.status_code": 200,
        },
    ),
)
# Of four services, each of which was asked, called the next, and tried once.
TRACE = 12

# A body, and its headers.
Sent = tuple[bytes, dict[str, str]]


def batches(rng: Random, began_ns: int) -> Iterator[Sent]:
    """Requests without end, none of whose spans was there before: traces of so many spans, one below the other."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key in ("service.name", "service.instance.id", "service.version"):
        group.resource.attributes.add(key=key).value.string_value = "laptops"
    spans = group.scope_spans.add().spans
    for number in range(BATCH):
        name, kind, attributes = SHAPES[number % len(SHAPES)]
        span = spans.add(name=name, kind=kind)
        for key, value in attributes.items():
            attribute = span.attributes.add(key=key).value
            if isinstance(value, int):
                attribute.int_value = value
            else:
                attribute.string_value = value
    for turn in itertools.count():
        for number, span in enumerate(spans):
            root = number % TRACE == 0
            span.parent_span_id = b"" if root else spans[number - 1].span_id
            span.trace_id = rng.randbytes(16) if root else spans[number - 1].trace_id
            span.span_id = rng.randbytes(8)
            span.start_time_unix_nano = began_ns + (turn * BATCH + number) * 1000
            span.end_time_unix_nano = span.start_time_unix_nano + 2_000_000
        body = request.SerializeToString()
        headers = {"Content-Type": "application/x-protobuf"}
        yield (gzip.compress(body, 1), headers | {"Content-Encoding": "gzip"}) if turn % 2 else (body, headers)


def a_trace(seed: int) -> str:
    """The first trace that is made of this seed."""
    return Random(seed).randbytes(16).hex()
