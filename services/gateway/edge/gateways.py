"""How many gateways there are: a limit that each keeps alone is divided by that."""

from __future__ import annotations

from contextlib import suppress

import discovery


class Gateways:
    """Counts those that the registry shows, ourselves among them, but for those that are critical."""

    def __init__(self) -> None:
        self._view: discovery.View | None = None
        self._count = 1

    def count(self, mesh: discovery.Mesh) -> int:
        """The number now, at least 1. The last one that was known holds while the registry is away."""
        with suppress(discovery.TooManyServices):
            view = mesh.view(mesh.config.name)
            if view is not None and view is not self._view:
                self._view = view
                self._count = max(1, sum(each.health is not discovery.Health.CRITICAL for each in view.instances))
        return self._count
