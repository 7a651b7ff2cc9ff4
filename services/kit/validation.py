"""From a request to a model: every field that is wrong is named, and said what it should have been."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from pydantic import ValidationError

from services.kit import body, json_text
from services.kit.problem import FieldError, Problem, shown
from services.kit.schema import Draft, Schema

# No document of these services comes near it.
DOCUMENT_BYTES = 64 * 1024

_SAID = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "model_type": "must be an object",
    "string_unicode": "must be text that UTF-8 can carry",
}

S = TypeVar("S", bound=Schema)
D = TypeVar("D", bound=Draft)


async def read_document(request: web.Request, schema: type[S]) -> S:
    """The body of *request* as *schema*.

    Raises:
        Problem: 400, 408, 413 or 415 when there is no JSON to read; 422 when it is not what the schema asks for.
    """
    if request.content_type != "application/json":
        raise Problem(415, "the body must be application/json", headers={"Accept": "application/json"})
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise Problem(400, "JSON is UTF-8 (RFC 8259, 8.1)")
    document = json_text.parse(await body.read(request, limit=DOCUMENT_BYTES))
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise Problem(422, "the body is not what is asked for here", errors=_errors(error)) from None


async def read_replacement(request: web.Request, schema: type[D], id: int) -> D:
    """Like :func:`read_document`, for a PUT to the record *id*: the body may repeat that id, and name no other."""
    draft = await read_document(request, schema)
    if draft.id not in {None, id}:
        error = FieldError("id", "must be that of the path, or left out")
        raise Problem(422, "the body is for another record", errors=[error])
    return draft


def read_query(request: web.Request, schema: type[S]) -> S:
    """The query of *request* as *schema*; a parameter given twice is refused like an unknown one.

    Raises:
        Problem: 400.
    """
    query = request.query
    if len(query) != len(set(query)):
        twice = [name for name in set(query) if len(query.getall(name)) > 1]
        errors = [FieldError(shown(name), "is given more than once") for name in twice]
        raise Problem(400, "a query parameter is given more than once", errors=errors)
    try:
        return schema.model_validate(dict(query))
    except ValidationError as error:
        raise Problem(400, "the query is not what is asked for here", errors=_errors(error)) from None


def _errors(error: ValidationError) -> list[FieldError]:
    return [
        FieldError(
            ".".join(shown(str(step)) for step in each["loc"]),
            _SAID.get(each["type"], each["msg"].removeprefix("Value error, ")),
        )
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    ]
