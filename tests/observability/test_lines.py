from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import structlog
from opentelemetry import context
from opentelemetry.trace import NonRecordingSpan, SpanContext, set_span_in_context

from discovery.errors import ConfigError
from discovery.model import NOTHING, Instance
from observability.config import LogFormat, TelemetryConfig
from observability.lines import configure_logs, formatter
from tests.observability.support import new_logging, peer

NASTY = "bob\nERROR all is lost\r\x1b[2J\x9b\x7f\u2028\u202e"
TRACE = SpanContext(trace_id=0xABC, span_id=0xDEF, is_remote=False)


@pytest.fixture
def traced() -> Iterator[None]:
    token = context.attach(set_span_in_context(NonRecordingSpan(TRACE)))
    yield
    context.detach(token)


def record(
    message: str, *args: object, level: int = logging.INFO, extra: Mapping[str, object] = NOTHING
) -> logging.LogRecord:
    made = logging.LogRecord("shop.stock", level, __file__, 1, message, args, None)
    vars(made).update(extra, created=1_700_000_000.25)
    return made


def as_json(identity: Instance, made: logging.LogRecord) -> dict[str, Any]:
    line = formatter(identity, LogFormat.JSON).format(made)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.usefixtures("traced")
def test_a_line_for_machines_says_who_when_and_in_which_trace(identity: Instance) -> None:
    assert as_json(identity, record("sold %d", 7, extra={"colour": "red"})) == {
        "timestamp": "2023-11-14T22:13:20.250+00:00",
        "level": "info",
        "logger": "shop.stock",
        "service": "laptops",
        "instance": "laptops-127.0.0.1-5000",
        "event": "sold 7",
        "trace_id": "00000000000000000000000000000abc",
        "span_id": "0000000000000def",
        "colour": "red",
    }


@pytest.mark.usefixtures("traced")
def test_a_line_for_people_says_it_shorter(identity: Instance) -> None:
    line = formatter(identity, LogFormat.PRETTY).format(
        record("sold %d", 7, level=logging.WARNING, extra={"colour": "red"})
    )
    assert line == "22:13:20.250 WARNING  laptops  sold 7 colour=red trace=00000000000000000000000000000abc"


def test_a_line_outside_a_trace_names_none(identity: Instance) -> None:
    assert "trace_id" not in as_json(identity, record("sold"))
    assert "trace=" not in formatter(identity, LogFormat.PRETTY).format(record("sold"))


@pytest.mark.parametrize("log_format", LogFormat)
def test_nobody_can_begin_a_line_of_their_own(identity: Instance, log_format: LogFormat) -> None:
    line = formatter(identity, log_format).format(record("hello %s", NASTY, extra={"given": NASTY}))
    assert line.isprintable()
    assert "bob" in line


def test_a_traceback_for_people_is_marked_on_every_line(identity: Instance) -> None:
    try:
        raise ValueError(NASTY)
    except ValueError:
        made = record("it broke", extra={"exc_info": sys.exc_info()})
    first, *rest = formatter(identity, LogFormat.PRETTY).format(made).split("\n")
    assert first.endswith("it broke")
    assert len(rest) > 3
    assert all(line.startswith("    | ") and line.isprintable() for line in rest)
    assert "ValueError" in as_json(identity, made)["exception"]


def test_no_field_can_hide_what_every_line_says(identity: Instance) -> None:
    found = as_json(identity, record("sold", extra=dict.fromkeys(("service", "level", "logger", "timestamp"), "liar")))
    assert "liar" not in found.values()


def test_fields_of_any_kind_fit_on_a_line_of_bounded_length(identity: Instance) -> None:
    fields = {"nothing": None, "yes": True, "count": 7, "share": 0.5, "endless": float("inf"), "many": ["a", "b"]}
    found = as_json(identity, record("x" * 100_000, extra={**fields, "long": "y" * 100_000}))
    assert {name: found[name] for name in fields} == {**fields, "endless": "inf", "many": "['a', 'b']"}
    assert len(found["event"]) < 9000
    assert len(found["long"]) < 9000


def test_colours_say_how_bad_it_is(identity: Instance) -> None:
    pretty = formatter(identity, LogFormat.PRETTY, colours=True)
    assert pretty.format(record("x", level=logging.ERROR)).startswith("\x1b[31m")
    assert pretty.format(record("x", level=logging.ERROR)).endswith("\x1b[0m")
    assert pretty.format(record("x")).isprintable()


def test_both_libraries_end_on_the_standard_error(identity: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    with new_logging() as root:
        configure_logs(identity)
        assert root.level == logging.INFO
        logging.getLogger("shop").info("from logging", extra={"n": 1})
        structlog.get_logger("shop").info("from structlog", n=2)
        logging.getLogger("shop").debug("not told")
        structlog.get_logger("shop").debug("not told")
        try:
            raise KeyError("x")
        except KeyError:
            structlog.get_logger("shop").exception("broke %s", "here")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("n"), line["logger"], line["service"]) for line in lines] == [
        ("from logging", 1, "shop", "laptops"),
        ("from structlog", 2, "shop", "laptops"),
        ("broke here", None, "shop", "laptops"),
    ]
    assert "KeyError" in lines[2]["exception"]
    assert "_logger" not in lines[1]


def test_a_second_set_up_replaces_the_first(identity: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    with new_logging() as root:
        configure_logs(identity)
        configure_logs(peer())
        logging.getLogger("shop").warning("once")
        assert len(root.handlers) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["service"] == "ports"


def test_an_application_that_set_up_its_log_keeps_it(identity: Instance) -> None:
    with new_logging() as root:
        own = logging.NullHandler()
        root.addHandler(own)
        root.setLevel(logging.ERROR)
        structlog.configure(processors=[])
        configure_logs(identity)
        assert root.handlers == [own]
        assert root.level == logging.ERROR
        assert structlog.get_config()["processors"] == []


def test_access_lines_are_only_for_those_who_want_everything(identity: Instance) -> None:
    access = logging.getLogger("aiohttp.access")
    with new_logging():
        configure_logs(identity)
        assert not access.isEnabledFor(logging.INFO)
        configure_logs(identity, TelemetryConfig(log_level=logging.DEBUG))
        assert access.isEnabledFor(logging.INFO)


def test_a_terminal_gets_lines_for_people(
    identity: Instance, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with new_logging():
        configure_logs(identity)
        logging.getLogger("shop").warning("careful")
        monkeypatch.setenv("MESH_LOG", "json")
        configure_logs(identity)
        logging.getLogger("shop").warning("careful")
    pretty, machine = capsys.readouterr().err.splitlines()
    assert pretty.endswith("WARNING  laptops  careful\x1b[0m")
    assert json.loads(machine)["event"] == "careful"


@pytest.mark.parametrize("log_format", LogFormat)
def test_what_is_recognised_as_secret_is_on_no_line(
    identity: Instance, log_format: LogFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSUL_HTTP_TOKEN", "s3cret-token")
    try:
        raise RuntimeError("no login at http://me:s3cret@db?key=s3cret with s3cret-token")
    except RuntimeError:
        failed = record("it broke: %s", "password=s3cret", extra={"exc_info": sys.exc_info(), "cookie": "s3cret"})
    line = formatter(identity, log_format).format(failed)
    assert "s3cret" not in line
    assert "no login at http://db?key=REDACTED with REDACTED" in line


def test_nonsense_in_the_environment_is_refused(identity: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_LOG", "xml")
    with new_logging() as root:
        with pytest.raises(ConfigError, match="MESH_LOG='xml'"):
            configure_logs(identity)
        assert root.handlers == []
