"""What pytest loads wherever the library is installed: an option, and at the start of a run the fixtures.

It runs in everybody's tests, also in those that have nothing to do with a mesh. So it imports nothing but pytest, says
nothing, and leaves all that is heavy to the fixtures, which load it when one is used.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from discovery.testing.stub import MeshStub

# The stubs of the test that runs; its fixture puts them there.
STUB: pytest.StashKey[MeshStub] = pytest.StashKey()

KINDS = ("memory", "real")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which agent the tests have."""
    said = f"the Consul agent of the fixture mesh_agent: {' or '.join(KINDS)} (CONSUL_BIN names the program)"
    group = parser.getgroup("proconsul")
    group.addoption("--mesh-agent", choices=KINDS, default=None, help=f"{said}; beats MESH_TEST_AGENT, and the ini's")
    parser.addini("mesh_agent", help=said, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Bring the fixtures; where nothing runs coroutines, those that say so."""
    plugins = config.pluginmanager
    runs = plugins.hasplugin("asyncio") or plugins.hasplugin("pytest_asyncio")
    plugins.import_plugin("discovery.testing.fixtures" if runs else "discovery.testing.absent")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Ask the stubs at the end of a test, as a part of it: what they say is a failure, and no error afterwards."""
    try:
        result = yield
    except BaseException as error:
        if (stub := item.stash.get(STUB, None)) is not None and (unexpected := stub.unexpected()):
            error.add_note("\n".join(["mesh_stub:", *unexpected]))
        raise
    if (stub := item.stash.get(STUB, None)) is not None:
        try:
            stub.check()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)
    return result
