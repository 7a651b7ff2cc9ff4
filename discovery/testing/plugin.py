"""What pytest loads wherever the library is installed: an option, and at the start of a run the fixtures.

It runs in everybody's tests, also in those that have nothing to do with a mesh, and under whatever pytest they have. So
it imports nothing but pytest, says nothing, and leaves what is heavy to the fixtures, which load it when one is used.
"""

from __future__ import annotations

import pytest

KINDS = ("memory", "real")
# The first whose fixtures and hooks are as ours need them.
OLDEST = (8, 4)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which agent the tests have."""
    said = f"the Consul agent of the fixture mesh_agent: {' or '.join(KINDS)} (CONSUL_BIN names the program)"
    group = parser.getgroup("proconsul")
    group.addoption("--mesh-agent", choices=KINDS, default=None, help=f"{said}; beats MESH_TEST_AGENT, and the ini's")
    parser.addini("mesh_agent", help=said, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures; where they cannot work, those that say so."""
    plugins = config.pluginmanager
    runs = plugins.hasplugin("asyncio") or plugins.hasplugin("pytest_asyncio")
    works = runs and pytest.version_tuple[:2] >= OLDEST
    plugins.import_plugin("discovery.testing.fixtures" if works else "discovery.testing.absent")
