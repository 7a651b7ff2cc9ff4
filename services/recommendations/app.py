"""The recommendations over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy.engine import URL

import discovery
from discovery.web import FieldError, Problem
from discovery.web.validation import read_document, read_query
from services.kit.application import application
from services.kit.database import Database
from services.kit.record_id import ID, record_id
from services.recommendations.catalogue import Catalogue, Known
from services.recommendations.looks import Looks
from services.recommendations.model import ForSomebody, Query, Seen
from services.recommendations.ranking import Recommendation, rank
from services.recommendations.table import LOOKS, seed

AROUND = web.AppKey("around", discovery.Surroundings)
CATALOGUE = web.AppKey("catalogue", Catalogue)
STORE = web.AppKey("looks", Looks)


def build(url: URL, around: discovery.Surroundings | None = None) -> web.Application:
    """The service, with its data at *url*."""
    around = around or discovery.Surroundings()
    database = Database(url, LOOKS, seed(around.clock.wall()))
    app = application(database)
    app[AROUND] = around
    app[CATALOGUE] = Catalogue(around)
    app[STORE] = Looks(database)
    app.cleanup_ctx.append(follow_laptops)
    app.router.add_get("/recommendations", recommend)
    app.router.add_get(f"/recommendations/{ID}", recommend_beside)
    app.router.add_post("/recommendations/looks", record_look)
    return app


async def follow_laptops(app: web.Application) -> AsyncIterator[None]:
    """Learn the laptops whenever there are others to ask: when a reader first needs them, they may all be away."""

    async def following() -> None:
        async for _ in app[discovery.MESH].watch("laptops"):
            with suppress(Problem):
                await app[CATALOGUE].laptops(app[discovery.MESH])

    task = asyncio.create_task(following())
    yield
    task.cancel()
    await asyncio.wait([task])


async def recommend(request: web.Request) -> web.Response:
    """``GET /recommendations?customer=&laptop=&limit=``."""
    query = read_query(request, Query)
    return await _answer(request, query, query.laptop)


async def recommend_beside(request: web.Request) -> web.Response:
    """``GET /recommendations/{laptop}?customer=&limit=``."""
    return await _answer(request, read_query(request, ForSomebody), record_id(request))


async def record_look(request: web.Request) -> web.Response:
    """``POST /recommendations/looks``."""
    await request.app[STORE].record(await read_document(request, Seen), request.app[AROUND].clock.wall())
    return web.Response(status=204)


async def _answer(request: web.Request, somebody: ForSomebody, laptop: int | None) -> web.Response:
    known, current = await request.app[CATALOGUE].laptops(request.app[discovery.MESH])
    # What is not in an old catalogue, or beyond the end of a cut one, may exist all the same.
    if laptop is not None and current and known.whole and laptop not in known.ids:
        raise Problem(404, "there is no such laptop", errors=[FieldError("laptop", "is not in the catalogue")])
    ranked = rank(
        known.laptops,
        await request.app[STORE].lately(somebody.customer),
        customer=somebody.customer,
        current=laptop,
        limit=somebody.limit,
        now_s=request.app[AROUND].clock.wall(),
    )
    as_of = datetime.fromtimestamp(known.as_of_s, UTC)
    return web.json_response(
        {
            "recommendations": [_document(each) for each in ranked],
            "notice": _notice(known, current, as_of),
            "as_of": as_of.isoformat(timespec="seconds"),
        }
    )


def _document(recommendation: Recommendation) -> dict[str, Any]:
    return {
        "laptop": recommendation.laptop.model_dump(),
        "score": round(recommendation.score, 3),
        "reasons": [{"kind": reason.kind, "text": reason.text} for reason in recommendation.reasons],
    }


def _notice(known: Known, current: bool, as_of: datetime) -> str | None:
    if not current:
        return f"the laptops service could not be asked: prices and stock are as of {as_of:%H:%M:%S} UTC"
    return None if known.whole else f"only the first {len(known.laptops)} laptops are considered"
