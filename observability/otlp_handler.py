"""Log records as OTLP logs. The SDK's own handler is deprecated, and takes structlog's events apart wrongly."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator, Mapping

from opentelemetry import context as otel
from opentelemetry._logs import LoggerProvider, SeverityNumber
from opentelemetry.util.types import AnyValue

from observability import semconv
from observability.redaction import Redaction
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
    """Hands every record to a provider of OpenTelemetry loggers, with its trace and without recognisable secrets."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider
        self._redact = Redaction(os.environ)

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
            body=self._text("", body),
            attributes={
                name: value if isinstance(value, bool | int | float) else self._text(name, value)
                for name, value in (*fields.items(), *_told(_exception(failure)))
                if name not in _STANDARD and name not in {"event", "exc_info"}
            },
        )

    def _text(self, name: str, value: object) -> AnyValue:
        return clip(self._redact.field(name, str(value)), BODY_MAX)


def _severity(level: int) -> SeverityNumber:
    return next((number for least, number in _SEVERITIES if level >= least), SeverityNumber.DEBUG)


def _exception(failure: object) -> BaseException | None:
    """The exception behind what loggers take for ``exc_info``: one, its triple, or True for the current one."""
    if failure is True:
        return sys.exception()
    if isinstance(failure, tuple):
        failure = failure[1]
    return failure if isinstance(failure, BaseException) else None


def _told(error: BaseException | None) -> Iterator[tuple[str, str]]:
    # The SDK would do the same, and take the text as it is.
    if error is not None:
        yield semconv.EXCEPTION_TYPE, type(error).__qualname__
        yield semconv.EXCEPTION_MESSAGE, str(error)
        yield semconv.EXCEPTION_STACKTRACE, "".join(traceback.format_exception(error))
