"""The collector that the environment names: whether it takes what would be sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from discovery.cli.doctor.finding import Finding, ok, problem
from discovery.cli.text import clip
from discovery.variables import is_base_url

_ID = "collector"
_TIMEOUT_S = 2.0


def endpoint_of(environ: Mapping[str, str]) -> str:
    """Where traces would be sent; empty when nowhere."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    base = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").strip().rstrip("/")
    return environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "").strip() or (f"{base}/v1/traces" if base else "")


def post_nothing(endpoint: str) -> int | str:
    """Send an export without a span, which is valid OTLP; what came back: a status, or why there was none."""
    if not is_base_url(endpoint):
        return "that is no http(s)://host:port"
    place = urlsplit(endpoint)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", place.path or "/", body=b"", headers={"Content-Type": "application/x-protobuf"})
        return connection.getresponse().status
    except (OSError, HTTPException) as exc:
        return clip(str(exc) or type(exc).__name__)
    finally:
        connection.close()


def judge_collector(endpoint: str, answer: int | str) -> list[Finding]:
    """Judge what came back. An endpoint may hold a password, so it is shown without."""
    if not endpoint:
        return [ok(_ID, "no collector is named: no traces leave a process (OTEL_EXPORTER_OTLP_ENDPOINT)")]
    place = urlsplit(endpoint) if is_base_url(endpoint) else None
    who = f"the collector at {place.netloc.rpartition('@')[2]}" if place else "OTEL_EXPORTER_OTLP_ENDPOINT"
    if isinstance(answer, str):
        advice = "start it (mesh console is one), or correct or unset OTEL_EXPORTER_OTLP_ENDPOINT"
        return [problem(_ID, f"{who} cannot be reached: {answer}; spans are lost", advice)]
    if answer in {401, 403}:
        return [ok(_ID, f"{who} answers, and wants a password ({answer}); OTEL_EXPORTER_OTLP_HEADERS must hold it")]
    if not 200 <= answer < 300:
        advice = "name the port of OTLP over HTTP, 4318 by default (4317 is gRPC's, which is not spoken here)"
        return [problem(_ID, f"{who} answered {answer} to an empty export: it takes no traces there", advice)]
    return [ok(_ID, f"{who} takes traces")]
