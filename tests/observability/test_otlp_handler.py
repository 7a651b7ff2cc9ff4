from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence

import pytest
import structlog
from opentelemetry import context
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from observability.otlp_handler import OtlpHandler
from tests.observability.support import new_logging

TRACE = SpanContext(trace_id=0xABC, span_id=0xDEF, is_remote=False)


class Exported:
    def __init__(self) -> None:
        self._exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]  # the SDK's
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))

    def records(self) -> Sequence[LogRecord]:
        return [each.log_record for each in self._exporter.get_finished_logs()]


@pytest.fixture
def exported() -> Iterator[Exported]:
    exported = Exported()
    yield exported
    exported.provider.shutdown()


def test_a_record_goes_out_with_its_trace_its_fields_and_its_severity(exported: Exported) -> None:
    token = context.attach(set_span_in_context(NonRecordingSpan(TRACE)))
    with new_logging() as root:
        root.addHandler(OtlpHandler(exported.provider))
        logging.getLogger("shop").warning("sold %d", 7, extra={"colour": "red", "many": [1]})
    context.detach(token)
    (record,) = exported.records()
    assert record.body == "sold 7"
    assert dict(record.attributes or {}) == {"colour": "red", "many": "[1]"}
    assert (record.trace_id, record.span_id) == (0xABC, 0xDEF)
    assert (record.severity_text, record.severity_number and record.severity_number.name) == ("WARNING", "WARN")


@pytest.mark.parametrize(
    ("level", "severity"),
    [(5, "DEBUG"), (10, "DEBUG"), (20, "INFO"), (25, "INFO"), (30, "WARN"), (40, "ERROR"), (50, "FATAL")],
)
def test_every_level_has_a_severity(exported: Exported, level: int, severity: str) -> None:
    OtlpHandler(exported.provider).handle(logging.LogRecord("shop", level, "", 0, "x", (), None))
    (record,) = exported.records()
    assert record.severity_number is not None
    assert record.severity_number.name == severity


def test_an_exception_goes_along_from_both_libraries(exported: Exported) -> None:
    with new_logging() as root:
        root.addHandler(OtlpHandler(exported.provider))
        structlog.configure(
            processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
            logger_factory=structlog.stdlib.LoggerFactory(),
        )
        try:
            raise KeyError("missing")
        except KeyError as error:
            logging.getLogger("shop").exception("one")
            structlog.get_logger("shop").error("two", exc_info=True)
            structlog.get_logger("shop").error("three", exc_info=error, n=3)
        assert sys.exception() is None
    assert [record.body for record in exported.records()] == ["one", "two", "three"]
    for record in exported.records():
        assert record.attributes
        assert record.attributes["exception.type"] == "KeyError"
        assert not [name for name in record.attributes if name.startswith("_")]
    assert exported.records()[2].attributes["n"] == 3  # type: ignore[index]  # seen above


def test_what_is_recognised_as_secret_does_not_go_out(exported: Exported) -> None:
    with new_logging() as root:
        root.addHandler(OtlpHandler(exported.provider))
        try:
            raise KeyError("http://me:s3cret@db")
        except KeyError:
            logging.getLogger("shop").exception("password=s3cret", extra={"token": "s3cret"})
    (record,) = exported.records()
    attributes = dict(record.attributes or {})
    assert "s3cret" not in repr((record.body, attributes))
    assert attributes["exception.message"] == "'http://db'"
    assert "KeyError: 'http://db'" in str(attributes["exception.stacktrace"])


@pytest.mark.parametrize("name", ["opentelemetry.sdk.trace", "urllib3.connectionpool", "requests"])
def test_what_the_export_itself_says_is_not_exported(exported: Exported, name: str) -> None:
    OtlpHandler(exported.provider).handle(logging.LogRecord(name, 30, "", 0, "retrying", (), None))
    assert exported.records() == []


def test_a_broken_record_breaks_nobody(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    OtlpHandler(exported.provider).handle(logging.LogRecord("shop", 20, "", 0, "%d", ("seven",), None))
    assert "Logging error" in capsys.readouterr().err


def test_what_cannot_be_encoded_or_is_endless_is_made_fit(exported: Exported) -> None:
    bad = b"\xff".decode("utf-8", "surrogateescape")
    handler = OtlpHandler(exported.provider)
    handler.handle(logging.LogRecord("shop", 20, "", 0, bad + "x" * 100_000, (), None))
    (record,) = exported.records()
    assert isinstance(record.body, str)
    record.body.encode("utf-8")
    assert len(record.body) < 9000
