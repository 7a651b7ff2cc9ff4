from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # protobuf comes without types
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # likewise
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from sqlalchemy import create_engine

from observability.console.ingest.forms import SIGNALS, Form, Json, Protobuf
from observability.console.ingest.parcel import Parcel
from observability.console.ingest.stored import Stored
from observability.console.ingest.window import around
from observability.console.store.schema import LOGS, METADATA, POINTS, SPANS
from tests.observability.console.ingest.otlp import START, logs, metrics, span, span_id, spans, trace_id

REQUESTS: dict[str, Callable[[], Any]] = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}
TABLES = {"traces": SPANS, "logs": LOGS, "metrics": POINTS}


def stored(signal: str, form: Form, body: bytes) -> tuple[Stored, list[dict[str, Any]]]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        result = Parcel(signal, form, body).store(connection, around(START / 10**9, 60))
        found = [dict(row) for row in connection.execute(TABLES[signal].select()).mappings()]
    engine.dispose()
    return result, found


def as_json(signal: str, body: bytes) -> Any:
    """OTLP's JSON is protobuf's, but for ids."""
    message = REQUESTS[signal]()
    message.ParseFromString(body)
    return _hexadecimal(MessageToDict(message))


def _hexadecimal(node: Any) -> Any:
    if isinstance(node, list):
        return [_hexadecimal(each) for each in node]
    if isinstance(node, dict):
        return {
            key: base64.b64decode(each).hex() if key in {"traceId", "spanId", "parentSpanId"} else _hexadecimal(each)
            for key, each in node.items()
            if key not in {"kind", "severityNumber", "code"}
        } | {key: NUMBERS.get(node[key], node[key]) for key in ("kind", "severityNumber", "code") if key in node}
    return node


NUMBERS = {"SPAN_KIND_SERVER": 2, "SEVERITY_NUMBER_WARN": 13, "STATUS_CODE_ERROR": 2}


def full_span() -> bytes:
    full = span(2, parent=1, failed=True, a="x", b=3, c=1.5, d=True, e=b"\xff", f=["a", 1], g={"h": "i"}, j="", k=0)
    full.events.add(name="event", time_unix_nano=START)
    full.links.add(trace_id=trace_id(3), span_id=span_id(3))
    return spans(full, span(1))


@pytest.mark.parametrize(
    ("signal", "body"),
    [("traces", full_span()), ("logs", logs("text", {"a": 1}, 7, trace=1)), ("metrics", metrics(1.0, 2.5, 0.0))],
)
def test_both_forms_of_a_request_store_the_same(signal: str, body: bytes) -> None:
    by_protobuf = stored(signal, Protobuf(), body)
    assert stored(signal, Json(), json.dumps(as_json(signal, body)).encode()) == by_protobuf
    assert len(by_protobuf[1]) == by_protobuf[0].new > 1


@pytest.mark.parametrize("signal", SIGNALS)
@settings(max_examples=60)
@given(body=st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(signal: str, body: bytes) -> None:
    for form in (Protobuf(), Json()):
        try:
            stored(signal, form, body)
        except ValueError:
            continue


@settings(max_examples=60)
@given(
    cut=st.integers(0, len(full_span())),
    at=st.integers(0, len(full_span()) - 1),
    byte=st.integers(0, 255),
)
def test_a_request_that_was_damaged_on_its_way_is_stored_or_refused(cut: int, at: int, byte: int) -> None:
    body = bytearray(full_span())
    body[at] = byte
    try:
        stored("traces", Protobuf(), bytes(body[:cut]))
    except ValueError:
        return


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["traceId", "spanId", "attributes", "key", "value", "kind", "name", "events", "intValue", "arrayValue"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("signal", "keys"),
    [
        ("traces", ("resourceSpans", "scopeSpans", "spans")),
        ("logs", ("resourceLogs", "scopeLogs", "logRecords")),
        ("metrics", ("resourceMetrics", "scopeMetrics", "metrics")),
    ],
)
@settings(max_examples=60)
@given(record=ANYTHING, resource=ANYTHING)
def test_json_of_any_shape_is_stored_left_out_or_refused(
    signal: str, keys: tuple[str, str, str], record: object, resource: object
) -> None:
    request = {keys[0]: [{"resource": resource, keys[1]: [{keys[2]: [record]}]}]}
    try:
        stored(signal, Json(), json.dumps(request).encode())
    except ValueError:
        return


def test_a_record_of_json_that_is_broken_does_not_spoil_the_others() -> None:
    request = as_json("traces", spans(span(1), span(2), span(3), span(4)))
    broken = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    broken[0]["traceId"] = "not hexadecimal"
    broken[1]["attributes"] = 7
    broken[2] = "no span"
    result, found = stored("traces", Json(), json.dumps(request).encode())
    assert (result, len(found)) == (Stored(new=1, broken=3), 1)


def test_a_number_that_no_enumeration_has_is_read_alike_in_both_forms() -> None:
    sent = span(1, kind=99)  # type: ignore[arg-type]  # whatever comes after the ones that are known
    sent.status.code = 99  # type: ignore[assignment]  # likewise
    request = as_json("traces", spans(sent))
    assert request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["kind"] == 99
    for form, body in ((Protobuf(), spans(sent)), (Json(), json.dumps(request).encode())):
        result, [row] = stored("traces", form, body)
        assert (result, row["kind"], row["failed"]) == (Stored(new=1), "internal", 0)


def test_half_a_character_and_a_nul_are_survived() -> None:
    request = as_json("traces", spans(span(1, a="x")))
    one = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    one["name"] = "half \ud800, whole \U0001f600, nul \0"
    one["attributes"][0]["value"] = {"stringValue": "\udfff"}
    _, [row] = stored("traces", Json(), json.dumps(request).encode())
    assert row["name"] == "half ?, whole \U0001f600, nul \0"
    assert json.loads(row["attributes"]) == {"a": "?"}


def test_numbers_beyond_64_bits_are_survived() -> None:
    request = as_json("traces", spans(span(1, a=1)))
    one = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    one |= {"startTimeUnixNano": "-5", "endTimeUnixNano": str(2**80)}
    one["attributes"][0] = {"key": "http.response.status_code", "value": {"intValue": str(2**80)}}
    _, [row] = stored("traces", Json(), json.dumps(request).encode())
    assert (row["start_ns"], row["end_ns"], row["status"]) == (0, 2**63 - 1, None)
    assert json.loads(row["attributes"]) == {"http.response.status_code": 2**80}


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="not an OTLP request"):
        Json().read("traces", b'{"resourceSpans":' + b"[" * 100_000)


@pytest.mark.parametrize(
    ("signal", "response", "field"),
    [
        ("traces", ExportTraceServiceResponse, "rejected_spans"),
        ("logs", ExportLogsServiceResponse, "rejected_log_records"),
        ("metrics", ExportMetricsServiceResponse, "rejected_data_points"),
    ],
)
def test_what_was_rejected_is_told_in_the_form_of_the_request(
    signal: str, response: Callable[[], Any], field: str
) -> None:
    answer = response()
    answer.ParseFromString(Protobuf().answer(signal, 3, "why"))
    assert (getattr(answer.partial_success, field), answer.partial_success.error_message) == (3, "why")
    assert json.loads(Json().answer(signal, 3, "why")) == MessageToDict(answer)


@pytest.mark.parametrize("signal", SIGNALS)
def test_when_all_was_taken_nothing_is_said(signal: str) -> None:
    assert (Protobuf().answer(signal, 0, ""), Json().answer(signal, 0, "")) == (b"", b"{}")


def test_a_refusal_is_a_status() -> None:
    status = Status()
    status.ParseFromString(Protobuf().refusal("why"))
    assert status.message == "why"
    assert json.loads(Json().refusal("why")) == {"message": "why"}
