"""How events go from their sender to others, as the sender sees it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from services.kit.events.outbox import Waiting


class Undelivered(Exception):
    """Whoever it was for may have it or not: it is sent again."""


class Transport(Protocol):
    """A way to subscribers. ``system`` is what traces call it.

    ``stores`` says that it keeps what it is given for who is away, so that it can be given at once.
    """

    system: str
    stores: bool

    async def subscribers(self) -> Collection[str]:
        """Who has to get what is sent, as far as it is there now."""
        ...

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        """Return when *subscriber* has *event* to stay. *again* says that the try before failed.

        Raises:
            Undelivered: when that is not so, or not known.
        """
        ...
