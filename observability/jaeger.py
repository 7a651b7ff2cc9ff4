"""Jaeger's JSON, as its read API answers it, to spans of ours. Pure.

The API is not versioned, and several programs speak it: what is missing is left empty, and only an answer that holds
no list of traces at all is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from observability import semconv
from observability.spans import Span, Value

# Jaeger tells the kind of a span, and its failure, by tags.
_KIND = "span.kind"
_ERROR = "error"
_STATUS = "otel.status_code"


class NotJaeger(ValueError):
    """An answer that Jaeger would not give."""


def read_jaeger(document: object) -> list[tuple[Span, ...]]:
    """The traces of an answer of ``/api/traces`` or ``/api/traces/{id}``, each as its spans; none when it has none.

    Raises:
        NotJaeger: when it is no such answer.
    """
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, list):
        traces = (_spans(trace) for trace in data if isinstance(trace, dict))
        return [spans for spans in traces if spans]
    if isinstance(document, dict) and document.get("errors"):
        return []
    raise NotJaeger("it has no list of traces")


def _spans(trace: Mapping[str, Any]) -> tuple[Span, ...]:
    processes = trace.get("processes")
    known = processes if isinstance(processes, dict) else {}
    raw = trace.get("spans")
    return tuple(
        _span(each, known.get(str(each.get("processID")), {}))
        for each in (raw if isinstance(raw, list) else [])
        if isinstance(each, dict)
    )


def _span(raw: Mapping[str, Any], process: object) -> Span:
    maker = process if isinstance(process, dict) else {}
    tags = _tags(raw.get("tags"))
    start = 1000 * _number(raw.get("startTime"))
    return Span(
        trace_id=str(raw.get("traceID", "")),
        span_id=str(raw.get("spanID", "")),
        parent_id=_parent(raw),
        name=str(raw.get("operationName", "")),
        kind=str(tags.pop(_KIND, "internal")),
        service=str(maker.get("serviceName", "")),
        instance=str(_tags(maker.get("tags")).get(semconv.SERVICE_INSTANCE_ID, "")),
        start_ns=start,
        end_ns=start + 1000 * _number(raw.get("duration")),
        failed=tags.get(_ERROR) in {True, "true"} or tags.get(_STATUS) == "ERROR",
        attributes=tags,
    )


def _parent(raw: Mapping[str, Any]) -> str:
    references = raw.get("references")
    for each in references if isinstance(references, list) else []:
        if isinstance(each, dict) and each.get("refType") == "CHILD_OF" and each.get("traceID") == raw.get("traceID"):
            return str(each.get("spanID", ""))
    return ""


def _tags(raw: object) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for each in raw if isinstance(raw, list) else []:
        if isinstance(each, dict) and "key" in each:
            value = each.get("value")
            known = isinstance(value, (str, bool, int, float))
            found[str(each["key"])] = value if known else json.dumps(value)  # type: ignore[assignment]  # just asked
    return found


def _number(raw: object) -> int:
    return int(raw) if isinstance(raw, (int, float)) and abs(raw) < 1e18 else 0
