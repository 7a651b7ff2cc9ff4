"""Spans to Zipkin: its JSON, version 2, behind the same ledger and queue as OTLP."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from opentelemetry.exporter.zipkin.json import ZipkinExporter
from opentelemetry.exporter.zipkin.json.v2 import JsonV2Encoder
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

from discovery.model import Instance
from observability import semconv
from observability.export import Link
from observability.ledger import Ledger


class ZipkinSpans(SpanExporter):
    """Sends spans of *identity*, and keeps the ledger."""

    def __init__(self, endpoint: str, timeout_s: float, ledger: Ledger, identity: Instance) -> None:
        self._link = Link()
        self._ledger = ledger
        here = _ip(identity.host)
        self._exporter = ZipkinExporter(
            endpoint=endpoint,
            timeout=timeout_s,  # type: ignore[arg-type]  # requests takes fractions, the annotation does not
            session=self._link,
            local_node_ipv4=here.get("ipv4"),
            local_node_ipv6=here.get("ipv6"),
            local_node_port=identity.port or None,
        )
        self._exporter.encoder = Encoder()  # type: ignore[assignment]  # the annotation is that of version 1

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, once; called by the thread of the processor."""
        try:
            result = self._exporter.export(spans)  # type: ignore[arg-type]  # it says the API's span, which has no data
        except OSError:  # all that requests raises; the link knows what it was
            result = SpanExportResult.FAILURE
        if result is SpanExportResult.SUCCESS:
            self._ledger.delivered(len(spans))
        else:
            self._ledger.failed(len(spans), self._link.trouble)
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._exporter.shutdown()


class Encoder(JsonV2Encoder):
    """Zipkin's JSON, with whom a span is about: Zipkin draws its map of dependencies from the remote endpoints."""

    def __init__(self) -> None:
        super().__init__(max_tag_value_length=0)  # no limit: ours are short

    def _encode_span(self, span: Any, encoded_local_endpoint: Any) -> dict[str, Any]:
        encoded: dict[str, Any] = super()._encode_span(span, encoded_local_endpoint)
        tags = encoded["tags"]
        if "error" in tags:
            tags["error"] = tags.get(semconv.ERROR_TYPE, "")
        encoded.pop("debug", None)  # it would override what Zipkin samples
        if encoded["kind"] is None:
            del encoded["kind"]
        if remote := _remote(span):
            encoded["remoteEndpoint"] = remote
        return encoded


def _remote(span: ReadableSpan) -> dict[str, Any]:
    has = span.attributes or {}
    if span.kind is SpanKind.CLIENT:
        remote: dict[str, Any] = {"serviceName": has.get(semconv.SERVICE_PEER_NAME)}
        remote |= _ip(str(has.get(semconv.SERVER_ADDRESS, ""))) | {"port": has.get(semconv.SERVER_PORT)}
    elif span.kind is SpanKind.SERVER:
        remote = dict(_ip(str(has.get(semconv.CLIENT_ADDRESS, ""))))
    else:
        remote = {}
    return {name: value for name, value in remote.items() if value}


def _ip(host: str) -> dict[str, str]:
    """*host* under the name that Zipkin has for its kind; nothing when it is the name of a host."""
    try:
        return {f"ipv{ip_address(host).version}": host}
    except ValueError:
        return {}
