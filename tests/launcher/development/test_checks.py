"""`mesh check` and `mesh bench`: what maintainers run."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from discovery.errors import ConfigError
from launcher.development import bench
from launcher.development.checks import run_checks
from launcher.development.report import CannotRun, Report, Row
from launcher.main import mesh
from launcher.plan import ROOT


async def test_what_is_fine_takes_a_line_and_what_is_not_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run_checks({"good": ("platform",)}) == 0
    assert re.fullmatch(r"✓ good \d+\.\d s\n", capsys.readouterr().out)
    assert await run_checks({"good": ("platform",), "bad": ("no_such_module",)}) == 1
    out = capsys.readouterr().out
    assert "✗ bad" in out
    assert "No module named no_such_module" in out


@pytest.mark.parametrize(("alone", "code"), [((), 1), (("--help",), 0)])
async def test_one_that_breaks_down_is_asked_once_more_to_do_it_alone(alone: Sequence[str], code: int) -> None:
    # Of Python's own, `calendar` ends with 2 where it is asked for what it does not know.
    assert await run_checks({"odd": ("calendar", "--odd")}, alone={"odd": alone}) == code


def report(*, met: bool) -> Report:
    return Report(name="tiny", rows=[Row("it", 1.5, "ms", "<= 1 ms", met), Row("other", 2, "ms")], load="once", seed=7)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A benchmark that can be told what to say."""
    module = SimpleNamespace(run=lambda *, quick: report(met=quick))
    monkeypatch.setitem(sys.modules, "benchmarks.tiny", module)
    monkeypatch.setattr(bench, "benchmarks", lambda folder: {"tiny": "Something."})
    return module


def test_a_missed_goal_is_a_failure(tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run_bench("tiny", quick=True, as_json=False) == 0
    assert bench.run_bench("tiny", quick=False, as_json=False) == 1
    assert "✗  it     1.5 ms  <= 1 ms" in capsys.readouterr().out


def test_the_figures_are_one_line_with_what_one_needs_to_repeat_them(
    tiny: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.run_bench("tiny", quick=True, as_json=True)
    figures = json.loads(capsys.readouterr().out)
    assert figures["rows"][0] == {"what": "it", "value": 1.5, "unit": "ms", "reach": "<= 1 ms", "met": True}
    assert (figures["met"], figures["seed"], figures["load"]) == (True, 7, "once")
    assert {"python", "aiohttp", "system"} <= figures["versions"].keys()


def test_what_cannot_run_is_no_failure_but_told(tiny: SimpleNamespace) -> None:
    def run(*, quick: bool) -> Report:
        raise CannotRun("there is no Consul")

    tiny.run = run
    with pytest.raises(ConfigError, match="tiny cannot run: there is no Consul"):
        bench.run_bench("tiny", quick=True, as_json=True)
    with pytest.raises(ConfigError, match="there is no benchmark 'huge'; there are tiny"):
        bench.run_bench("huge", quick=True, as_json=True)


def test_words_go_to_a_benchmark_that_takes_them(tiny: SimpleNamespace) -> None:
    with pytest.raises(ConfigError, match="tiny takes nothing after --"):
        bench.run_bench("tiny", ["--peers"], quick=True, as_json=True)
    heard: list[str] = []

    def run(*, quick: bool, words: Sequence[str]) -> Report:
        heard.extend(words)
        return report(met=True)

    tiny.run = run
    assert bench.run_bench("tiny", ["--peers"], quick=True, as_json=True) == 0
    assert heard == ["--peers"]


def test_what_stands_after_the_dashes_is_not_for_the_command_itself(tiny: SimpleNamespace) -> None:
    result = CliRunner().invoke(mesh, ["bench", "tiny", "--quick", "--", "--json"])

    assert "tiny takes nothing after --" in str(result.exception)


def test_benchmarks_are_found_with_what_they_say_about_themselves(tmp_path: Path) -> None:
    (tmp_path / "start.py").write_text('"""What a start costs.\n\nMore."""\ndef run(*, quick): ...\n')
    (tmp_path / "report.py").write_text('"""No benchmark."""\n')
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "__init__.py").write_text('"""What a call costs."""\ndef run(*, quick): ...\n')
    assert bench.benchmarks(tmp_path) == {"calls": "What a call costs.", "start": "What a start costs."}
    assert {"calls", "start", "watch"} <= bench.benchmarks(ROOT / "benchmarks").keys()


def test_a_goal_for_later_does_not_gate() -> None:
    assert [row.gates for row in (Row("a", 1, ""), Row("a", 1, "", "<= 1"), Row("a", 1, "", ">= 2 later"))] == [
        False,
        True,
        False,
    ]
