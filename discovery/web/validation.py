"""From a request to a model: every field that is wrong is named, and said what it should have been.

It needs pydantic, which the extra ``web`` brings.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

from aiohttp import web

from discovery.lazily import lacking
from discovery.web.body import read_body
from discovery.web.json_text import parse_json
from discovery.web.problem import FieldError, Problem, shown

try:
    from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
except ModuleNotFoundError as missing:
    raise lacking("discovery.web.validation", missing, "web") from None

# No document that a person or a form makes comes near it.
DOCUMENT_BYTES = 64 * 1024

_SAID = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "model_type": "must be an object",
    "string_unicode": "must be text that UTF-8 can carry",
}


class Schema(BaseModel):
    """The base of all models of what strangers send: no conversions, no unknown fields, no changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _digits(text: object) -> object:
    # int() takes " 7", "+7", "7_0" and the digits of every script; a query takes the ten digits.
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise ValueError("must be a whole number")


# For a query, where everything is text: ``Annotated[int, Field(ge=1, le=100), Digits]``.
Digits = BeforeValidator(_digits)
WholeNumber = Annotated[int, Field(ge=0, lt=10**18), Digits]

S = TypeVar("S", bound=Schema)


async def read_document(request: web.Request, schema: type[S]) -> S:
    """The body of *request* as *schema*.

    Raises:
        Problem: 400, 408, 413 or 415 when there is no JSON to read; 422 when it is not what the schema asks for.
    """
    if request.content_type != "application/json":
        raise Problem(415, "the body must be application/json", headers={"Accept": "application/json"})
    if (request.charset or "utf-8").lower() not in {"utf-8", "utf8"}:
        raise Problem(400, "JSON is UTF-8 (RFC 8259, 8.1)")
    document = parse_json(await read_body(request, limit=DOCUMENT_BYTES))
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise Problem(422, "the body is not what is asked for here", errors=_errors(error)) from None


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
