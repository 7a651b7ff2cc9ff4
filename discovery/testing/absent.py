"""The fixtures where nothing runs coroutines, or pytest is too old: each fails with what to install."""

from __future__ import annotations

from typing import NoReturn

import pytest

from discovery.testing.plugin import OLDEST


def _fixture(name: str) -> object:
    @pytest.fixture(name=name)
    def missing() -> NoReturn:
        pytest.fail(
            f"the fixture {name} needs pytest-asyncio, which is not installed or switched off (-p no:asyncio), and "
            f"pytest {OLDEST[0]}.{OLDEST[1]} or newer, of which here is {pytest.__version__}: "
            "pip install 'proconsul[testing]'",
            pytrace=False,
        )

    missing.__doc__ = "Needs pytest-asyncio, and a pytest that is not too old: pip install 'proconsul[testing]'."
    return missing


mesh = _fixture("mesh")
mesh_agent = _fixture("mesh_agent")
mesh_client = _fixture("mesh_client")
mesh_clock = _fixture("mesh_clock")
mesh_config = _fixture("mesh_config")
mesh_observer = _fixture("mesh_observer")
mesh_service = _fixture("mesh_service")
mesh_stub = _fixture("mesh_stub")
