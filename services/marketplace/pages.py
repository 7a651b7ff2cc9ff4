"""The pages. Each asks whom it needs side by side, and is made of whatever answered in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import hdrs, web

import discovery
from discovery.web.validation import read_query
from services.marketplace.catalogue import Catalogue
from services.marketplace.customer import customer_of, remember
from services.marketplace.looks import Looks
from services.marketplace.peers import Away
from services.marketplace.rendering import Renderer
from services.marketplace.suggestions import suggestions
from services.marketplace.wanted import Wanted

RENDERER = web.AppKey("renderer", Renderer)
CATALOGUE = web.AppKey("catalogue", Catalogue)
LOOKS = web.AppKey("looks", Looks)

T = TypeVar("T")


async def browse(request: web.Request) -> web.StreamResponse:
    """``GET /``, with what is :class:`~services.marketplace.wanted.Wanted` in the query."""
    wanted = read_query(request, Wanted)
    if any(request.query.get(name) == "" for name in Wanted.model_fields):
        # A form sends what was left empty, too, and its address is one that is passed on.
        return web.Response(status=302, headers={hdrs.LOCATION: wanted.url(after=wanted.after, trail=wanted.trail)})
    customer = customer_of(request)
    mesh = request.app[discovery.MESH]
    renderer = request.app[RENDERER]
    async with _beside(suggestions(mesh, customer)) as suggesting:
        try:
            known = await request.app[CATALOGUE].listing(mesh, wanted)
        except Away:
            here = wanted.url(after=wanted.after, trail=wanted.trail)
            return renderer.page(request, "away.html", whole=False, retry=here)
        suggested = await suggesting
    page = renderer.page(
        request,
        "browse.html",
        whole=known.current and known.value.ports is not None and suggested.notice is None,
        wanted=wanted,
        known=known,
        suggested=suggested,
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
