"""The recommendations over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiohttp import web
from sqlalchemy import Connection

import discovery
from discovery.web import FieldError, Problem
from services.kit.data.records import Samples
from services.kit.service import Service
from services.kit.web.route import AROUND, Asked, Route
from services.recommendations import bought, looks
from services.recommendations.catalogue import Catalogue, Known
from services.recommendations.events import TAKES
from services.recommendations.model import (
    ForSomebody,
    Look,
    Purchase,
    Query,
    Reason,
    Recommendations,
    Recommended,
    Seen,
)
from services.recommendations.ranking import Recommendation, rank
from services.recommendations.table import LOOKS, sample

CATALOGUE = web.AppKey("catalogue", Catalogue)


async def follow_laptops(app: web.Application) -> AsyncIterator[None]:
    """Learn the laptops whenever there are others to ask: when a reader first needs them, they may all be away."""
    app[CATALOGUE] = catalogue = Catalogue(app[AROUND])

    async def following() -> None:
        async for _ in app[discovery.MESH].watch("laptops"):
            with suppress(Problem):
                await catalogue.laptops(app[discovery.MESH])

    task = asyncio.create_task(following())
    yield
    task.cancel()
    await asyncio.wait([task])


async def recommend(asked: Asked[None, Query]) -> Recommendations:
    """Recommend laptops to somebody, who may look at one now."""
    return await _answer(asked, asked.query.laptop)


async def recommend_beside(asked: Asked[None, ForSomebody]) -> Recommendations:
    """Recommend laptops to somebody who looks at this one."""
    return await _answer(asked, asked.id)


async def record_look(asked: Asked[Seen, None]) -> None:
    """Tell that somebody looked at a laptop."""
    await asked.database.write(partial(looks.record, seen=asked.body, now_s=asked.now_s))


async def _answer(asked: Asked[None, Query] | Asked[None, ForSomebody], laptop: int | None) -> Recommendations:
    known, current = await asked.request.app[CATALOGUE].laptops(asked.request.app[discovery.MESH])
    # What is not in an old catalogue, or beyond the end of a cut one, may exist all the same.
    if laptop is not None and current and known.whole and laptop not in known.ids:
        raise Problem(404, "there is no such laptop", errors=[FieldError("laptop", "is not in the catalogue")])
    seen, purchases = await asked.database.read(partial(_lately, customer=asked.query.customer))
    ranked = rank(
        known.laptops,
        seen,
        purchases,
        customer=asked.query.customer,
        current=laptop,
        limit=asked.query.limit,
        now_s=asked.now_s,
    )
    as_of = datetime.fromtimestamp(known.as_of_s, UTC)
    return Recommendations(
        recommendations=[_document(each) for each in ranked],
        notice=_notice(known, current, as_of),
        as_of=as_of.isoformat(timespec="seconds"),
    )


def _lately(connection: Connection, customer: str | None) -> tuple[Sequence[Look], Sequence[Purchase]]:
    return looks.lately(connection, customer), bought.lately(connection)


def _document(recommendation: Recommendation) -> Recommended:
    reasons = [Reason(kind=reason.kind, text=reason.text) for reason in recommendation.reasons]
    return Recommended(laptop=recommendation.laptop, score=round(recommendation.score, 3), reasons=reasons)


def _notice(known: Known, current: bool, as_of: datetime) -> str | None:
    if not current:
        return f"the laptops service could not be asked: prices and stock are as of {as_of:%H:%M:%S} UTC"
    return None if known.whole else f"only the first {len(known.laptops)} laptops are considered"


SERVICE = Service(
    "recommendations",
    home=Path(__file__).parent,
    port=5002,
    api="1.0.0",
    routes=(
        Route("GET", "/recommendations", recommend, answers={200: Recommendations}, query=Query, refuses=(404,)),
        Route(*("GET", "/recommendations/{id}", recommend_beside), answers={200: Recommendations}, query=ForSomebody),
        Route("POST", "/recommendations/looks", record_look, answers={204: None}, body=Seen, inside=True),
    ),
    samples=Samples(LOOKS, sample).add,
    while_running=(follow_laptops,),
    takes=TAKES,
)
