"""Log records as OTLP logs. The SDK's own handler is deprecated, and takes structlog's events apart wrongly."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

from opentelemetry import context as otel
from opentelemetry._logs import LoggerProvider, SeverityNumber
from opentelemetry.util.types import AnyValue

from observability.text import clip

# What the export itself logs would be exported in turn, for ever.
_OWN = ("opentelemetry", "urllib3", "requests")

# The attributes that every record has; the others are what its author added.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "_logger", "_name"}

BODY_MAX = 8192

_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
)


class OtlpHandler(logging.Handler):
    """Hands every record to a provider of OpenTelemetry loggers, with the trace it was made in."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        """Translate and queue *record*; never waits."""
        if record.name.partition(".")[0] in _OWN:
            return
        try:
            self._emit(record)
        except Exception:  # noqa: BLE001 - as every handler: a log line must not break what it tells about
            self.handleError(record)

    def _emit(self, record: logging.LogRecord) -> None:
        fields: Mapping[str, object]
        if isinstance(record.msg, dict):  # structlog's event
            body, fields, failure = str(record.msg.get("event", "")), record.msg, record.msg.get("exc_info")
        else:
            body, fields, failure = record.getMessage(), vars(record), record.exc_info
        self._provider.get_logger(record.name).emit(
            timestamp=int(record.created * 1e9),
            context=otel.get_current(),
            severity_number=_severity(record.levelno),
            severity_text=record.levelname,
            body=clip(body, BODY_MAX),
            attributes={
                name: _value(value)
                for name, value in fields.items()
                if name not in _STANDARD and name not in {"event", "exc_info"}
            },
            exception=_exception(failure),
        )


def _severity(level: int) -> SeverityNumber:
    return next((number for least, number in _SEVERITIES if level >= least), SeverityNumber.DEBUG)


def _exception(failure: object) -> BaseException | None:
    """The exception behind what loggers take for ``exc_info``: one, its triple, or True for the current one."""
    if failure is True:
        return sys.exception()
    if isinstance(failure, tuple):
        failure = failure[1]
    return failure if isinstance(failure, BaseException) else None


def _value(value: object) -> AnyValue:
    return value if isinstance(value, bool | int | float) else clip(str(value), BODY_MAX)
