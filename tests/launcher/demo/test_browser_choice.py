from __future__ import annotations

from pathlib import Path

import pytest

from discovery.errors import ConfigError
from launcher.demo.browser_choice import find_browser


def program(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_browser_that_is_named_wins_over_one_on_the_path(tmp_path: Path) -> None:
    named, found = program(tmp_path / "named" / "chrome"), program(tmp_path / "bin" / "chromium")

    assert find_browser({"PATH": str(found.parent)}) == found
    assert find_browser({"PATH": str(found.parent), "CHROME_BIN": str(named)}) == named
    assert find_browser({"PATH": str(tmp_path)}) is None


def test_a_named_browser_that_is_no_program_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a program"):
        find_browser({"CHROME_BIN": str(tmp_path / "none")})
