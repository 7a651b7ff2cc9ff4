"""Fixtures hand out what no test has entered yet: lifetimes belong to the body of a test."""

from __future__ import annotations

import pytest

from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()
