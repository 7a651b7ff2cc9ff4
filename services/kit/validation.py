"""What a request asks of a record, beyond what any document has to be."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web

from discovery.web import FieldError, Problem
from discovery.web.validation import read_document
from services.kit.schema import Draft

D = TypeVar("D", bound=Draft)


async def read_replacement(request: web.Request, schema: type[D], id: int) -> D:
    """Like :func:`read_document`, for a PUT to the record *id*: the body may repeat that id, and name no other."""
    draft = await read_document(request, schema)
    if draft.id not in {None, id}:
        error = FieldError("id", "must be that of the path, or left out")
        raise Problem(422, "the body is for another record", errors=[error])
    return draft
