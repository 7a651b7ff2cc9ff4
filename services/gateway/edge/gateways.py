"""How many gateways there are: a limit that each keeps alone is divided by that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import discovery


class _Known(Protocol):
    view: discovery.View | None


class Gateways:
    """Counts those that the registry shows, ourselves among them, but for those that are critical."""

    def __init__(self) -> None:
        self._known: _Known | None = None
        self._view: discovery.View | None = None
        self._count = 1

    @contextmanager
    def following(self, mesh: discovery.Mesh) -> Iterator[None]:
        """Look at them until the block ends."""
        with mesh.directory(mesh.config.name) as self._known:
            yield

    def count(self) -> int:
        """The number now, at least 1. The last one that was known holds while the registry is away."""
        view = None if self._known is None else self._known.view
        if view is not None and view is not self._view:
            self._view = view
            self._count = max(1, sum(each.health is not discovery.Health.CRITICAL for each in view.instances))
        return self._count
