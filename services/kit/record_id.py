"""The id of a record, in a path."""

from __future__ import annotations

from aiohttp import web

# An id that no number can be is simply nowhere.
ID = "[1-9][0-9]{0,17}"


def record_id(request: web.Request) -> int:
    """The id in the path."""
    return int(request.match_info["id"])
