"""A slow neighbour on a busy machine is not away: only tests that are about time say how little there is."""

from __future__ import annotations

import pytest

from services.marketplace import accounts, catalogue, checkout, looks, order_pages, orders, staff, suggestions, titles


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give everybody whom the shop asks more time than it does."""
    monkeypatch.setattr(catalogue, "PAGE_S", 10.0)
    monkeypatch.setattr(catalogue, "KNOWN_S", 10.0)
    monkeypatch.setattr(suggestions, "_LIMIT_S", 10.0)
    monkeypatch.setattr(looks, "_LIMIT_S", 10.0)
    for each in (accounts, orders, checkout, order_pages, staff, titles):
        monkeypatch.setattr(each, "LIMIT_S", 10.0)
