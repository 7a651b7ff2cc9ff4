"""What a form says when it is one of ours: sent from a page of this shop by the browser that the page was made for."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from multidict import MultiMapping
from pydantic import ValidationError

from discovery.web import Problem, read_body
from discovery.web.validation import Schema
from services.marketplace.addresses import host_of, scheme_of
from services.marketplace.visitor import Visitor

# The field that each form has, beside its own.
SIGN = "form"
FIELDS = web.RequestKey("fields", dict[str, str])

_TYPE = "application/x-www-form-urlencoded"
_BYTES = 16 * 1024
_FIELDS_MAX = 32
_FOREIGN = "This form was not sent from a page of this shop, so nothing was done."
_STALE = "This form is no longer good: you logged in or out since its page was opened. Open that page again."
_NO_COOKIE = (
    "This form came without the cookie of this shop, which says whose it is. Open that page again; should you read "
    "this once more, let your browser keep cookies of this shop."
)

S = TypeVar("S", bound=Schema)


class Nothing(Schema):
    """A form that is only a button."""


def see(path: str) -> web.Response:
    """What follows a form that was heard: another page, which can be opened again without sending the form again."""
    return web.Response(status=303, headers={hdrs.LOCATION: path, hdrs.CACHE_CONTROL: "no-store"})


async def read_form(request: web.Request, visitor: Visitor) -> dict[str, str]:
    """The fields of the form that *visitor* sends.

    Raises:
        Problem: 403 for one of another site's or another browser's, 400, 408, 413 or 415 for what is no form.
    """
    if not is_from_here(request.headers, scheme_of(request), host_of(request)):
        raise Problem(403, _FOREIGN)
    if request.content_type != _TYPE:
        raise Problem(415, "A form of this shop is sent in another form.", headers={hdrs.ACCEPT: _TYPE})
    fields = _fields(await read_body(request, limit=_BYTES))
    if not visitor.wrote(fields.pop(SIGN, "")):
        raise Problem(403, _NO_COOKIE if visitor.is_new else _STALE)
    return fields


def is_from_here(headers: MultiMapping[str], scheme: str, host: str) -> bool:
    """Whether a browser sends a form from a page of the site *host*, by what it says of that.

    It says ``Sec-Fetch-Site`` where it trusts the connection, and ``Origin`` everywhere; what says neither is no
    browser, which has no cookie of anybody's.
    """
    for name, ours in (("Sec-Fetch-Site", {"same-origin", "none"}), (hdrs.ORIGIN, {f"{scheme}://{host}"})):
        if said := headers.getall(name, []):
            return len(said) == 1 and said[0].lower() in ours
    return True


def fields(request: web.Request, schema: type[S]) -> S:
    """What the form of *request* says, as *schema*.

    Raises:
        Problem: 400, for what no form of ours says.
    """
    try:
        return schema.model_validate(request[FIELDS])
    except ValidationError:
        raise Problem(400, "This is not what the form asks for. Go back to its page, and send it anew.") from None


def _fields(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise Problem(400, "This form cannot be read.") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem(400, "This form says something twice.")
    return found
