"""A trace in Jaeger's form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from observability.console.reading import names
from observability.console.reading.trace import parsed

_US_NS = 10**3
# Beyond it a browser's numbers have gaps, so Jaeger sends text.
_EXACT = 2**53 - 1


def document(spans: Sequence[Row[Any]]) -> dict[str, Any]:
    """The trace that *spans* are, of which there is at least one."""
    processes = {resource: f"p{number}" for number, resource in enumerate(dict.fromkeys(s.resource for s in spans), 1)}
    return {
        "traceID": spans[0].trace_id.hex(),
        "spans": [_span(span, processes[span.resource]) for span in spans],
        "processes": {processes[span.resource]: _process(span) for span in spans},
        "warnings": None,
    }


def _span(span: Row[Any], process: str) -> dict[str, Any]:
    return {
        "traceID": span.trace_id.hex(),
        "spanID": span.span_id.hex(),
        "operationName": span.name,
        "references": list(_references(span)),
        "startTime": span.start_ns // _US_NS,
        "duration": max(0, span.end_ns - span.start_ns) // _US_NS,
        "tags": [*_tags(parsed(span.attributes)), *_own_tags(span)],
        "logs": [_log(event) for event in parsed(span.events)],
        "processID": process,
        "warnings": None,
    }


def _references(span: Row[Any]) -> Iterator[dict[str, str]]:
    if span.parent_id:
        yield {"refType": "CHILD_OF", "traceID": span.trace_id.hex(), "spanID": span.parent_id.hex()}
    for link in parsed(span.links):
        yield {"refType": "FOLLOWS_FROM", "traceID": link["trace_id"], "spanID": link["span_id"]}


def _process(span: Row[Any]) -> dict[str, Any]:
    attributes = parsed(span.resource_attributes)
    return {
        "serviceName": span.service,
        "tags": list(_tags({key: value for key, value in attributes.items() if key != names.SERVICE_NAME})),
    }


def _own_tags(span: Row[Any]) -> Iterator[dict[str, Any]]:
    """What Jaeger makes of OTLP's fields that are no attributes."""
    yield {"key": "span.kind", "type": "string", "value": span.kind}
    if span.failed:
        yield {"key": "otel.status_code", "type": "string", "value": "ERROR"}
        yield {"key": "error", "type": "bool", "value": True}


def _log(event: Mapping[str, Any]) -> dict[str, Any]:
    name = {"key": "event", "type": "string", "value": event["name"]}
    return {"timestamp": event["time_ns"] // _US_NS, "fields": [name, *_tags(event["attributes"])]}


def _tags(attributes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for key, value in attributes.items():
        match value:
            case bool():
                yield {"key": key, "type": "bool", "value": value}
            case int():
                yield {"key": key, "type": "int64", "value": value if abs(value) <= _EXACT else str(value)}
            case float():
                yield {"key": key, "type": "float64", "value": value}
            case str():
                yield {"key": key, "type": "string", "value": value}
            case _:
                yield {"key": key, "type": "string", "value": names.as_text(value)}
