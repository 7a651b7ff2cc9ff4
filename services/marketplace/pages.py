"""The pages. Each asks whom it needs side by side, and is made of whatever answered in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

from aiohttp import hdrs, web
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from yarl import URL

import discovery
from discovery.web.validation import Schema, WholeNumber, read_query
from services.marketplace.catalogue import Catalogue
from services.marketplace.customer import customer_of, remember
from services.marketplace.looks import Looks
from services.marketplace.peers import Away
from services.marketplace.rendering import Renderer
from services.marketplace.suggestions import suggestions

RENDERER = web.AppKey("renderer", Renderer)
CATALOGUE = web.AppKey("catalogue", Catalogue)
LOOKS = web.AppKey("looks", Looks)

# How many pages back the way is remembered.
_TRAIL = 32

T = TypeVar("T")


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _steps(text: object) -> object:
    return tuple(text.split(".")) if isinstance(text, str) else text


class BrowseQuery(Schema):
    """``q`` is a part of a title, ``after`` the id after which a page begins, ``trail`` the same of the pages before.

    The catalogue knows only of next pages, so the way back is the way one came. What else is in a query was put
    there by whoever made the link, and is none of our business.
    """

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(_printable)] = ""
    after: WholeNumber = 0
    trail: Annotated[tuple[WholeNumber, ...], BeforeValidator(_steps), Field(max_length=_TRAIL)] = ()


async def browse(request: web.Request) -> web.Response:
    """``GET /?q=&after=&trail=``."""
    query = read_query(request, BrowseQuery)
    customer = customer_of(request)
    mesh = request.app[discovery.MESH]
    renderer = request.app[RENDERER]
    async with _beside(suggestions(mesh, customer)) as suggesting:
        try:
            known = await request.app[CATALOGUE].listing(mesh, query.q, query.after)
        except Away:
            return renderer.page(
                request, "away.html", whole=False, retry=_browse_url(query.q, query.after, query.trail)
            )
        suggested = await suggesting
    following = known.value.following
    here = (*query.trail, query.after)
    page = renderer.page(
        request,
        "browse.html",
        whole=known.current and suggested.notice is None,
        q=query.q,
        known=known,
        suggested=suggested,
        previous=_browse_url(query.q, query.trail[-1] if query.trail else 0, query.trail[:-1]) if query.after else "",
        next=_browse_url(query.q, following, here[-_TRAIL:]) if following is not None else "",
    )
    remember(request, page, customer)
    return page


async def laptop(request: web.Request) -> web.Response:
    """``GET /laptops/{id}``."""
    wanted = int(request.match_info["id"])
    customer = customer_of(request)
    mesh = request.app[discovery.MESH]
    renderer = request.app[RENDERER]
    async with _beside(suggestions(mesh, customer, wanted)) as suggesting:
        try:
            known = await request.app[CATALOGUE].laptop(mesh, wanted)
        except Away:
            return renderer.page(request, "away.html", whole=False, retry=f"/laptops/{wanted}")
        if request.method == hdrs.METH_GET:
            request.app[LOOKS].tell(customer, wanted)
        suggested = await suggesting
    page = renderer.page(
        request,
        "laptop.html",
        whole=known.current and known.value.ports is not None and suggested.notice is None,
        known=known,
        suggested=suggested,
    )
    remember(request, page, customer)
    return page


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Do *work* beside the block; what is not done at its end is not done."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def _browse_url(q: str, after: int, trail: tuple[int, ...]) -> str:
    asked = {"q": q, "after": str(after or ""), "trail": ".".join(map(str, trail))}
    return str(URL("/").with_query({name: value for name, value in asked.items() if value}))
