"""The two kinds of service behind the gateway: they are trusted with different headers, and seen at different paths."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """The value stands before a service's own path in what the world sees.

    The shop owns the pages of this origin, and with them its cookies. No API ever sees or sets one: a browser would
    send it unasked, whoever made it do so.
    """

    API = "/api"
    SHOP = ""
