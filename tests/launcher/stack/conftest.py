from __future__ import annotations

from pathlib import Path

import pytest

from tests.launcher.stack.docker import FakeDocker


@pytest.fixture
def docker(tmp_path: Path) -> FakeDocker:
    folder = tmp_path / "bin"
    folder.mkdir()
    return FakeDocker(folder)
