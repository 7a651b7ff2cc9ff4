"""A slow neighbour on a busy machine is not away: only tests that are about time say how little there is."""

from __future__ import annotations

import pytest

from services.marketplace import accounts, catalogue, looks, suggestions


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PAGE_S", 10.0)
    monkeypatch.setattr(suggestions, "_LIMIT_S", 10.0)
    monkeypatch.setattr(looks, "_LIMIT_S", 10.0)
    monkeypatch.setattr(accounts, "LIMIT_S", 10.0)
