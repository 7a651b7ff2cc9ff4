"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from discovery.lazily import lazily


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of two modules: one that needs what is not there, and one that is not there itself."""
    name = "made_for_a_test"
    (tmp_path / name).mkdir()
    (tmp_path / name / "needing.py").write_text("import no_such_library.part\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = ModuleType(name)
    module.__path__ = [str(tmp_path / name)]
    monkeypatch.setitem(sys.modules, name, module)
    return name


def test_what_an_extra_would_bring_is_asked_for_in_one_sentence(package: str) -> None:
    load, _ = lazily(package, {"thing": f"{package}.needing"}, extra="observability")
    with pytest.raises(
        ModuleNotFoundError,
        match=r"^made_for_a_test\.thing needs no_such_library, which is not installed: "
        r"pip install 'proconsul\[observability\]'$",
    ) as caught:
        load("thing")
    assert caught.value.name == "no_such_library"


@pytest.mark.parametrize("extra", ["", "observability"])
def test_a_module_of_our_own_that_is_missing_is_no_matter_of_extras(package: str, extra: str) -> None:
    load, _ = lazily(package, {"thing": "discovery.gone"}, extra=extra)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'discovery\.gone'$"):
        load("thing")


def test_a_name_that_is_not_there_is_no_attribute(package: str) -> None:
    load, names = lazily(package, {"thing": f"{package}.needing"})
    with pytest.raises(AttributeError, match="'made_for_a_test' has no attribute 'think'"):
        load("think")
    assert "thing" in names()
