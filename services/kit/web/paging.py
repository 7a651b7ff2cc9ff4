"""Lists, a page at a time: ``limit`` and ``after`` in the query, the next page as a ``Link`` (RFC 8288)."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from services.kit.web.route import Reply
from services.kit.web.schema import Record


def page(request: web.Request, found: Sequence[Record], limit: int) -> Reply:
    """The first *limit* of *found*; one more than that in *found* says that there is a next page."""
    if len(found) <= limit:
        return Reply(found)
    shown = found[:limit]
    following = request.rel_url.update_query(after=shown[-1].id)
    return Reply(shown, headers={"Link": f'<{following.raw_path_qs}>; rel="next"'})
