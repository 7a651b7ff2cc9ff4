"""The page about errors has a word on each that somebody may meet."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import discovery
from observability import logs

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/errors.md"
WORST = {"warning", "error", "exception", "critical"}


def page() -> str:
    return " ".join(PAGE.read_text(encoding="utf-8").split())


def test_every_public_exception_has_an_entry() -> None:
    public = [getattr(discovery, name) for name in discovery.__all__]
    raised = {each.__name__ for each in public if inspect.isclass(each) and issubclass(each, Exception)}
    entries = set(re.findall(r"^### `(\w+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert raised == entries


def test_every_reason_for_nobody_has_an_entry() -> None:
    assert {reason for reason in discovery.Nobody if f"| `{reason}` |" not in page()} == set()


def test_every_outcome_that_brings_no_answer_has_an_entry() -> None:
    # The caller of one that was cancelled is gone; the others are answers.
    told = set(discovery.Outcome) - {"answered", "unavailable", "cancelled"}

    assert {outcome for outcome in told if f"`{outcome}`" not in page()} == set()


def test_every_event_of_the_log_has_an_entry() -> None:
    told = re.findall(r'_(?:info|warn)\("([a-z ]+)"', inspect.getsource(logs))

    assert told
    assert {event for event in told if f"`{event}`" not in page()} == set()


def pattern(text: ast.expr) -> str:
    """What a line says, with an ellipsis for whatever differs; nothing where that is all."""
    if isinstance(text, ast.Constant):
        return re.sub(r"%(?:\.\d+)?[a-z]", "…", str(text.value))
    parts = text.values if isinstance(text, ast.JoinedStr) else []
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def warnings() -> Iterator[str]:
    """What the library and its telemetry warn of. What the console says is said in its own page."""
    for path in sorted([*(ROOT / "discovery").rglob("*.py"), *(ROOT / "observability").glob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=level), args=[text, *_]) if (
                    level in WORST and name.lower().strip("_") in {"log", "logger"}
                ):
                    yield pattern(text)
                case ast.Yield(value=ast.Tuple(elts=[ast.Attribute(attr="WARNING"), text])):
                    yield pattern(text)
                case _:
                    pass


def test_every_warning_has_an_entry() -> None:
    told = {line for line in warnings() if re.search("[a-z]", line)}

    assert len(told) > 10
    assert {line for line in told if f"`{line}`" not in page()} == set()
