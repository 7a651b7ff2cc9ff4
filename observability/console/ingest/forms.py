"""OTLP's two forms, protobuf and JSON, read into groups of records and answered in kind.

A record of either form has the fields of OTLP under their names in protobuf. In JSON a field that holds a message may
be None, and ids are hexadecimal, which is why protobuf's own reader of JSON is of no use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf comes without types
from google.rpc.status_pb2 import Status as Refusal  # type: ignore[import-untyped]  # likewise
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto_json.logs.v1.logs import LogRecord
from opentelemetry.proto_json.metrics.v1.metrics import Metric
from opentelemetry.proto_json.resource.v1.resource import Resource
from opentelemetry.proto_json.trace.v1.trace import Span, Status


class Group(NamedTuple):
    """The records of one resource and one scope; ``broken`` counts those that could not be read."""

    resource: Sequence[Any]
    scope: str
    records: Sequence[Any]
    broken: int = 0


class Form(Protocol):
    """How requests and answers are written."""

    content_type: str

    def read(self, signal: str, body: bytes) -> list[Group]:
        """Raises ValueError when the body is not a request for *signal*."""
        ...

    def answer(self, signal: str, rejected: int, reason: str) -> bytes:
        """That all was taken but *rejected* records, and why those were not."""
        ...

    def refusal(self, reason: str) -> bytes:
        """That nothing was taken."""
        ...


class Protobuf:
    """The binary form."""

    content_type = "application/x-protobuf"

    def read(self, signal: str, body: bytes) -> list[Group]:
        """Raises ValueError when the body is not a request for *signal*."""
        request, resources, scopes, records = _PROTOBUF[signal]
        message = request()
        try:
            message.ParseFromString(body)
        except DecodeError as error:
            raise ValueError(f"not an OTLP request: {error}") from None
        return [
            Group(group.resource.attributes, scope.scope.name, getattr(scope, records))
            for group in getattr(message, resources)
            for scope in getattr(group, scopes)
        ]

    def answer(self, signal: str, rejected: int, reason: str) -> bytes:
        """That all was taken but *rejected* records, and why those were not."""
        if not rejected:
            return b""
        response, field = _ANSWERS[signal]
        return bytes(response(partial_success={field: rejected, "error_message": reason}).SerializeToString())

    def refusal(self, reason: str) -> bytes:
        """That nothing was taken."""
        return bytes(Refusal(message=reason).SerializeToString())


class Json:
    """The readable form. A record that is not what it should be does not spoil the others."""

    content_type = "application/json"

    def read(self, signal: str, body: bytes) -> list[Group]:
        """Raises ValueError when the body is not a request for *signal*."""
        resources, scopes, records, record = _JSON[signal]
        try:
            return [
                _group(group, scope, _list(scope, records), record)
                for group in _list(_load(body), resources)
                for scope in _list(group, scopes)
            ]
        except (AttributeError, TypeError, RecursionError) as error:
            raise ValueError(f"not an OTLP request: {error}") from None

    def answer(self, signal: str, rejected: int, reason: str) -> bytes:
        """That all was taken but *rejected* records, and why those were not."""
        if not rejected:
            return b"{}"
        head, *words = _ANSWERS[signal][1].split("_")
        name = head + "".join(word.capitalize() for word in words)
        # A 64-bit number is a string in protobuf's JSON.
        return json.dumps({"partialSuccess": {name: str(rejected), "errorMessage": reason}}).encode()

    def refusal(self, reason: str) -> bytes:
        """That nothing was taken."""
        return json.dumps({"message": reason}).encode()


_PROTOBUF: dict[str, tuple[Callable[[], Any], str, str, str]] = {
    "traces": (traces.ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
    "logs": (logs.ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    "metrics": (metrics.ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics"),
}


def _span(record: Any) -> Span:
    """A span of JSON. Of an enumeration's number that is not known, nothing is said: protobuf's are open, too."""
    status = record.get("status") if isinstance(record, dict) else None
    if isinstance(status, dict) and _is_unknown(status.get("code"), _CODES):
        record = {**record, "status": {**status, "code": 0}}
    if isinstance(record, dict) and _is_unknown(record.get("kind"), _KINDS):
        record = {**record, "kind": 0}
    return Span.from_dict(record)


def _is_unknown(number: object, known: frozenset[int]) -> bool:
    return type(number) is int and number not in known


_KINDS, _CODES = (frozenset(map(int, enumeration)) for enumeration in (Span.SpanKind, Status.StatusCode))
_JSON: dict[str, tuple[str, str, str, Callable[[Any], Any]]] = {
    "traces": ("resourceSpans", "scopeSpans", "spans", _span),
    "logs": ("resourceLogs", "scopeLogs", "logRecords", LogRecord.from_dict),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics", Metric.from_dict),
}
_ANSWERS: dict[str, tuple[Callable[..., Any], str]] = {
    "traces": (traces.ExportTraceServiceResponse, "rejected_spans"),
    "logs": (logs.ExportLogsServiceResponse, "rejected_log_records"),
    "metrics": (metrics.ExportMetricsServiceResponse, "rejected_data_points"),
}
SIGNALS = tuple(_PROTOBUF)

# Half of a pair of surrogates is no character: neither UTF-8 nor the database could hold it.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _load(body: bytes) -> Any:
    document = json.loads(body)
    if _SURROGATE.search(body):
        document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    return document


def _list(parent: Any, name: str) -> list[Any]:
    found = parent.get(name) or []
    if not isinstance(found, list):
        raise ValueError(f"not an OTLP request: {name} is no array")
    return found


def _group(group: Any, scope: Any, records: list[Any], record: Callable[[Any], Any]) -> Group:
    resource = Resource.from_dict(group.get("resource") or {})
    name = (scope.get("scope") or {}).get("name") or ""
    if not isinstance(name, str):
        raise ValueError("not an OTLP request: the name of a scope is no string")
    good = list(_good(records, record))
    return Group(resource.attributes, name, good, len(records) - len(good))


def _good(records: list[Any], record: Callable[[Any], Any]) -> Iterator[Any]:
    for each in records:
        try:
            yield record(each)
        except (ValueError, TypeError, RecursionError):
            continue
