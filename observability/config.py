"""The settings of telemetry, frozen and checked when made. Times are seconds.

OpenTelemetry's own variables are honoured under their own names. The SDK reads some of them for itself, from the
environment of the process (sampler, headers, certificates, compression, limits, intervals, resource attributes).
Where it would go on with a default after a mistake, the mistake is reported here instead.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from discovery.errors import ConfigError


class LogFormat(StrEnum):
    """How a log line looks: for machines or for people."""

    JSON = "json"
    PRETTY = "pretty"


class Exposure(StrEnum):
    """Who may read the metrics at ``/metrics``: nobody, whoever is on the same host, or everybody."""

    OFF = "off"
    LOCAL = "local"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """What one process does with its telemetry.

    ``traces``, ``metrics`` and ``logs`` are full URLs of OTLP endpoints; a signal without one is not exported.
    ``zipkin`` is where spans go, too. ``log_format`` ``None`` means pretty on a terminal, else JSON; ``trace_lines``
    ``None`` means that traces are written where the log is for people and nothing else takes them. ``queue_size``
    bounds what waits for export.
    """

    log_format: LogFormat | None = None
    log_level: int = logging.INFO
    # A URL may hold a password.
    traces: str = field(default="", repr=False)
    metrics: str = field(default="", repr=False)
    logs: str = field(default="", repr=False)
    zipkin: str = field(default="", repr=False)
    trace_lines: bool | None = None
    exposure: Exposure = Exposure.OFF
    # Plenty for a collector in the same region; a process that leaves does not wait longer anyway.
    timeout_s: float = 2.0
    # The SDK's own default.
    queue_size: int = 2048

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read ``MESH_LOG``, ``MESH_LOG_LEVEL``, ``MESH_METRICS`` and the ``OTEL_*`` variables.

        Raises:
            ConfigError: listing every variable that makes no sense, not only the first.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for variable, (setting, parse) in VARIABLES.items():
            if raw := environ.get(variable, "").strip():
                try:
                    parsed = parse(raw)
                except ValueError as exc:
                    shown = "" if parse in _SECRETIVE else f"={raw!r}"
                    problems.append(f"{variable}{shown}: {exc}")
                else:
                    if setting:
                        values[setting] = parsed
        if problems:
            raise ConfigError(*problems)
        return cls(**_destinations(values))


SIGNALS = ("traces", "metrics", "logs")
# Where the specification of OpenTelemetry says that Zipkin is.
ZIPKIN_ENDPOINT = "http://localhost:9411/api/v2/spans"


def _destinations(values: dict[str, Any]) -> dict[str, Any]:
    """Replace what was said of endpoints and exporters by where each signal really goes."""
    base = values.pop("endpoint", "")
    disabled = values.pop("disabled", False)
    exporters = {signal: values.pop(f"{signal}_exporters", ("otlp",)) for signal in SIGNALS}
    for signal in SIGNALS:
        if disabled or "otlp" not in exporters[signal]:
            values[signal] = ""
        elif base:
            values.setdefault(signal, f"{base}/v1/{signal}")
    if disabled or "zipkin" not in exporters["traces"]:
        values["zipkin"] = ""
    else:
        values.setdefault("zipkin", ZIPKIN_ENDPOINT)
    if "console" in exporters["traces"]:
        values["trace_lines"] = True
    elif "none" in exporters["traces"]:
        values["trace_lines"] = False
    return values


_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_SAMPLERS = tuple(
    prefix + rule for prefix in ("", "parentbased_") for rule in ("always_on", "always_off", "traceidratio")
)


def _one_of(*names: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw.lower() not in names:
            raise ValueError(f"expected one of {', '.join(names)}")
        return raw.lower()

    return parse


def _some_of(*names: str) -> Callable[[str], tuple[str, ...]]:
    one = _one_of(*names, "none")

    def parse(raw: str) -> tuple[str, ...]:
        found = tuple(one(name.strip()) for name in raw.split(","))
        if "none" in found and len(found) > 1:
            raise ValueError("none stands alone")
        return found

    return parse


def _exposure(raw: str) -> Exposure:
    return Exposure(_one_of(*Exposure)(raw))


def _level(raw: str) -> int:
    return _LEVELS[_one_of(*_LEVELS)(raw)]


def _format(raw: str) -> LogFormat:
    return LogFormat(_one_of(*LogFormat)(raw))


def _switch(raw: str) -> bool:
    # The specification knows no other word for yes, and takes everything else for no.
    return raw.lower() == "true"


def _url(raw: str) -> str:
    try:
        parts = urlsplit(raw)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("expected http(s)://host:port")
    return raw.rstrip("/")


def _ratio(raw: str) -> float:
    try:
        ratio = float(raw)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise ValueError("expected a number from 0 to 1")
    return ratio


def _seconds(raw: str) -> float:
    try:
        seconds = float(raw)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise ValueError("expected a positive number of seconds")
    return seconds


def _size(raw: str) -> int:
    # The SDK sends 512 at a time, and refuses a queue that does not hold one batch.
    if not raw.isdecimal() or not 512 <= int(raw) <= 1_000_000:
        raise ValueError("expected a whole number from 512 to 1000000")
    return int(raw)


_SECRETIVE = frozenset({_url})

# Every variable that is checked here, the setting it fills (none where only the SDK reads it), and how.
VARIABLES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "MESH_LOG": ("log_format", _format),
    "MESH_LOG_LEVEL": ("log_level", _level),
    "MESH_METRICS": ("exposure", _exposure),
    "OTEL_SDK_DISABLED": ("disabled", _switch),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("endpoint", _url),
    **{f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT": (signal, _url) for signal in SIGNALS},
    "OTEL_TRACES_EXPORTER": ("traces_exporters", _some_of("otlp", "zipkin", "console")),
    "OTEL_METRICS_EXPORTER": ("metrics_exporters", _some_of("otlp")),
    "OTEL_LOGS_EXPORTER": ("logs_exporters", _some_of("otlp")),
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT": ("zipkin", _url),
    "OTEL_EXPORTER_OTLP_TIMEOUT": ("timeout_s", _seconds),
    "OTEL_EXPORTER_OTLP_PROTOCOL": ("", _one_of("http/protobuf")),
    "OTEL_BSP_MAX_QUEUE_SIZE": ("queue_size", _size),
    "OTEL_TRACES_SAMPLER": ("", _one_of(*_SAMPLERS)),
    "OTEL_TRACES_SAMPLER_ARG": ("", _ratio),
}
