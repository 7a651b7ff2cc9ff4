"""Lists, a page at a time: ``limit`` and ``after`` in the query, the next page as a ``Link`` (RFC 8288).

``after`` is the id of the last item seen, not a count: what is added or deleted meanwhile moves no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from pydantic import Field

from discovery.web.validation import Schema, WholeNumber
from services.kit.schema import Record


class PageQuery(Schema):
    """Which page; filters are added by who derives from it."""

    limit: Annotated[WholeNumber, Field(ge=1, le=100)] = 50
    after: WholeNumber = 0


def page_response(request: web.Request, found: Sequence[Record], limit: int) -> web.Response:
    """Answer with the first *limit* of *found*; one more than that in *found* says that there is a next page."""
    page = found[:limit]
    response = web.json_response([record.model_dump(mode="json") for record in page])
    if len(found) > limit:
        following = request.rel_url.update_query(after=page[-1].id)
        response.headers["Link"] = f'<{following.raw_path_qs}>; rel="next"'
    return response
