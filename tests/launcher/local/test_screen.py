"""What a person sees."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from launcher.local.child import Ended
from launcher.local.screen import Screen, complaint_in, readable
from launcher.local.summary import Summary
from launcher.local.system import Running

WARNING = json.dumps(
    {"timestamp": "t", "level": "warning", "service": "ports", "event": "watch failed", "next_try_s": 2}
)
INFO = json.dumps({"timestamp": "t", "level": "info", "event": "view changed", "instances": 2})
SUMMARY = Summary(
    system="a1",
    consul="http://127.0.0.1:8500",
    ui=None,
    ready_s=3.5,
    instances=[
        Running("gateway-1", "gateway-1", 11, "http://127.0.0.1:5000", "passing"),
        Running("console-1", "console-1", 10, "http://127.0.0.1:4318", "passing"),
        Running("marketplace-1", "marketplace-1", 13, "http://127.0.0.1:5003", "passing"),
        Running("laptops-1", "laptops-1", 14, "http://127.0.0.1:5002", "passing"),
        Running("ports-1", "ports-1", 12, "http://127.0.0.1:5001", "passing"),
    ],
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (WARNING, "watch failed next_try_s=2"),
        (INFO, ""),
        ("12:00:00 WARNING  ports  slow", "12:00:00 WARNING  ports  slow"),
        ("an ERRORS word", ""),
        ('{"level": "error"}', ""),
        ("[1, 2]", ""),
    ],
)
def test_warnings_and_errors_are_shown_and_the_rest_is_not(line: str, shown: str) -> None:
    assert complaint_in(line) == shown


def test_a_traceback_stays_in_the_file() -> None:
    assert readable(json.dumps({"event": "failed", "level": "error", "exception": "Traceback\n  File"})) == "failed"


def test_complaints_while_starting_or_stopping_are_not_news(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.showing():
        screen.line("ports-1", WARNING)
        screen.answer(SUMMARY, as_json=True)
        screen.line("ports-1", WARNING)
        screen.line("consul", WARNING)
    screen.line("ports-2", WARNING)
    out, err = capsys.readouterr()
    assert json.loads(out)["gateway"] == "http://127.0.0.1:5000"
    assert err.count("watch failed") == 1


def test_an_end_is_told_with_its_last_words_unless_they_say_that_all_is_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen()
    screen.ended("ports-1", Ended(1, "ValueError: [x]"), 0.5)
    screen.ended("ports-2", Ended(-9, INFO), 0.25)
    assert capsys.readouterr().err.splitlines() == [
        "ports-1 ended (exit code 1: ValueError: [x]); starting it again in 0.5 s",
        "ports-2 ended (killed by SIGKILL); starting it again in 0.2 s",
    ]


def test_the_answer_fits_a_narrow_terminal_and_says_what_to_try() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(SUMMARY)
    lines = out.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    tries = [line.split(maxsplit=1) for line in lines[-4:]]
    assert [(name, what.strip()) for name, what in tries] == [
        ("console", "http://127.0.0.1:4318/"),
        ("shop", "http://127.0.0.1:5000/"),
        ("request", "curl http://127.0.0.1:5000/api/laptops/1"),
        ("inside", "CONSUL_HTTP_ADDR=http://127.0.0.1:8500 ./mesh ps"),
    ]


def test_the_answer_says_where_traces_go_and_names_only_what_runs() -> None:
    out = io.StringIO()
    few = replace(SUMMARY, instances=[SUMMARY.instances[0], *SUMMARY.instances[4:]], traces_elsewhere=True)
    Console(file=out, width=80).print(replace(SUMMARY, traces_elsewhere=True))
    Console(file=out, width=80).print(few)
    assert "traces do not come here: the OTEL_ variables say so" in out.getvalue()
    assert "curl http://127.0.0.1:5000/api/ports/1" in out.getvalue()


def test_the_answer_for_programs_is_one_line() -> None:
    figures = SUMMARY.figures()
    assert figures["instances"][4] == {"name": "ports-1", "id": "ports-1", "pid": 12, "url": "http://127.0.0.1:5001"}
    assert (figures["ready_s"], figures["ui"]) == (3.5, None)
    assert "\n" not in json.dumps(figures)


def test_a_start_that_takes_long_says_what_is_complained_of(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    screen.line("ports-1", WARNING)
    for _ in range(50):
        screen.progress(1, 6)
    screen.answer(SUMMARY, as_json=True)

    told = capsys.readouterr().err
    assert "still starting: 1 of 6 instances are healthy; last word: ports-1: watch failed next_try_s=2" in told


def test_nobody_is_said_to_start_again_while_all_leave(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    with screen.showing():
        pass
    screen.ended("ports-1", Ended(-9, ""), 0.5)

    assert "ports-1" not in capsys.readouterr().err


def test_what_is_being_done_is_shown_at_a_terminal_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown() -> str:
        screen = Screen()
        screen.doing("sending [60] requests a second")
        screen.doing("")
        return capsys.readouterr().err

    assert shown() == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert "sending [60] requests a second" in shown()
