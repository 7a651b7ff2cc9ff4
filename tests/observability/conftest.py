from __future__ import annotations

import pytest

from discovery.model import Instance


@pytest.fixture
def identity() -> Instance:
    return Instance(
        id="laptops-127.0.0.1-5000", service="laptops", host="127.0.0.1", port=5000, meta={"version": "1.2.3"}
    )
