"""Log lines, for machines (JSON) or for people, from ``logging`` and ``structlog`` alike.

Each says which service and instance it comes from, and the trace it belongs to, if any. What can be recognised as a
secret is taken out, whoever wrote the line. A record is one line:
whatever a stranger managed to put into it, a control character comes out as its escape. A traceback for people is
the one exception, and every line of it is marked as belonging to it.
"""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from discovery.model import Instance
from observability.config import LogFormat, TelemetryConfig
from observability.otlp_handler import OtlpHandler
from observability.redaction import Redaction
from observability.text import clip, escape

# Enough for a sentence with its data, and for a traceback of a hundred frames.
VALUE_MAX = 8192

_COLOURS = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_RESET = "\x1b[0m"
_MARGIN = "\n    | "

# What a person is shown in a place of its own, or not at all.
_PLACED = frozenset(
    {"timestamp", "level", "logger", "service", "instance", "event", "trace_id", "span_id", "exception"}
)


class LineHandler(logging.StreamHandler[TextIO]):
    """Our handler, so that a second set-up replaces it, and nobody else's."""


def configure_logs(identity: Instance, config: TelemetryConfig | None = None) -> None:
    """Write what this process logs to its standard error, as ``MESH_LOG`` and ``MESH_LOG_LEVEL`` say.

    Like ``logging.basicConfig``, it leaves an application alone that has set up the root logger, or structlog,
    itself. Called again, it puts the new identity in the place of the old.

    Raises:
        ConfigError: when those variables make no sense.
    """
    config = config or TelemetryConfig.from_env()
    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.filter_by_level,
                structlog.stdlib.PositionalArgumentsFormatter(),
                structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
        )
    root = logging.getLogger()
    if any(not isinstance(handler, LineHandler | OtlpHandler) for handler in root.handlers):
        return
    for handler in [each for each in root.handlers if isinstance(each, LineHandler)]:
        root.removeHandler(handler)
    handler = LineHandler(sys.stderr)
    handler.setFormatter(formatter(identity, shown_as(config), colours=sys.stderr.isatty()))
    root.addHandler(handler)
    root.setLevel(config.log_level)
    # A line for each request says less than its trace, so only those who look for everything get both.
    logging.getLogger("aiohttp.access").setLevel(
        logging.NOTSET if config.log_level <= logging.DEBUG else logging.WARNING
    )


def shown_as(config: TelemetryConfig) -> LogFormat:
    """The format that was asked for, or the one that suits whoever reads the standard error."""
    return config.log_format or (LogFormat.PRETTY if sys.stderr.isatty() else LogFormat.JSON)


def formatter(identity: Instance, log_format: LogFormat, *, colours: bool = False) -> logging.Formatter:
    """Make the formatter of both libraries' records."""
    render = _Pretty(colours=colours) if log_format is LogFormat.PRETTY else _json
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[structlog.processors.format_exc_info, _Facts(identity, Redaction(os.environ)), render],
    )


class _Facts:
    """Adds what every line says; nothing that was logged under the same names can hide it."""

    def __init__(self, identity: Instance, redact: Redaction) -> None:
        self._identity = identity
        self._redact = redact

    def __call__(self, logger: WrappedLogger, method: str, fields: EventDict) -> EventDict:
        record: logging.LogRecord = fields.pop("_record")
        del fields["_from_structlog"]
        line: EventDict = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "service": self._identity.service,
            "instance": self._identity.id,
            "event": self._text(fields.pop("event", "")),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = trace.format_trace_id(context.trace_id)
            line["span_id"] = trace.format_span_id(context.span_id)
        for name, value in fields.items():
            line.setdefault(name, value if _is_plain(value) else self._text(value, name))
        return line

    def _text(self, value: object, name: str = "") -> str:
        return clip(self._redact.field(name, str(value)), VALUE_MAX)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


def _json(logger: WrappedLogger, method: str, fields: EventDict) -> str:
    # All but the DEL character is escaped by JSON's own rules, since everything beyond ASCII is.
    return json.dumps(fields).replace("\x7f", "\\u007f")


class _Pretty:
    """Renders a line for people: when, how bad, who, what, and the trace to look up."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = _COLOURS if colours else {}

    def __call__(self, logger: WrappedLogger, method: str, fields: EventDict) -> str:
        words = [fields["event"], *(f"{name}={value}" for name, value in fields.items() if name not in _PLACED)]
        if "trace_id" in fields:
            words.append(f"trace={fields['trace_id']}")
        level = fields["level"]
        line = escape(f"{fields['timestamp'][11:23]} {level.upper():<8} {fields['service']}  {' '.join(words)}")
        if colour := self._colours.get(level):
            line = f"{colour}{line}{_RESET}"
        traceback = str(fields.get("exception", ""))
        return line + "".join(_MARGIN + escape(each) for each in traceback.split("\n") if each)
