"""Fixtures for the tests of what the console answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.observability.console.support import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty database in memory."""
    store = Store()
    yield store
    store.close()
