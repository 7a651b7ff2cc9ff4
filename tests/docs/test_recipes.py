"""The recipes of the documents are tests that pass, in a project of their own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def recipes() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))]
    codes = [code for text in texts for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)]
    return [code for code in codes if "def test_" in code]


def test_the_recipes_pass(pytester: pytest.Pytester) -> None:
    # One run of all: what each would load anew takes longer than it.
    codes = recipes()
    pytester.makeini(INI)
    pytester.makepyfile(**{f"test_recipe_{number}": code for number, code in enumerate(codes)})
    tests = sum(len(re.findall(r"def test_\w+", code)) for code in codes)

    assert tests > len(codes)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=tests)


def test_every_fault_and_misbehaviour_and_fixture_is_in_its_table() -> None:
    from discovery.devagent.faults import Faults
    from discovery.testing import MeshService, absent, fixtures

    text = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    names = re.findall(r"^\| `(?:await )?(\w+)", text, re.MULTILINE)
    faults = {name for name in vars(Faults) if not name.startswith("_")}
    misbehaviours = {name for name in vars(MeshService) if not name.startswith("_")}
    shown = {name for name in vars(fixtures) if name == "mesh" or name.startswith("mesh_")}

    assert faults - {"recovers", "in_force", "meet", "stand_before"} <= set(names)
    assert misbehaviours - {"recovers", "address", "start"} <= set(names)
    assert shown - {"mesh_consul"} <= set(names)
    assert shown - {"mesh_consul"} == {name for name in vars(absent) if name.startswith("mesh")}
