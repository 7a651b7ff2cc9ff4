"""Lists, a page at a time: ``limit`` and ``after`` in the query, the next page as a ``Link`` (RFC 8288).

A list in another order than that of the ids goes on ``at`` a value, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from services.kit.data.records import Order
from services.kit.web.route import Reply
from services.kit.web.schema import Record


def page(request: web.Request, found: Sequence[Record], limit: int, order: Order | None = None) -> Reply:
    """The first *limit* of *found*; one more than that in *found* says that there is a next page."""
    if len(found) <= limit:
        return Reply(found)
    shown = found[:limit]
    last = shown[-1]
    following = request.rel_url.update_query(after=last.id)
    if order:
        at = getattr(last, order.column.key)
        following = following.without_query_params("at") if at is None else following.update_query(at=at)
    return Reply(shown, headers={"Link": f'<{following.raw_path_qs}>; rel="next"'})
