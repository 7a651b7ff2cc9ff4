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
from services.kit.web.route import AROUND, DATABASE, Asked, Reply, Route
from services.recommendations import bought, laptops, looks
from services.recommendations.catalogue import Catalogue
from services.recommendations.events import TAKES
from services.recommendations.laptops import Known
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

# How long somebody waits for the first reading of the laptops.
_PATIENCE_S = 1.5
# So long is an answer as good as the next one.
_MAX_AGE_S = 5


async def follow_laptops(app: web.Application) -> AsyncIterator[None]:
    """Know the laptops, all of them, before a reader needs them: then they may be away."""
    mesh = app[discovery.MESH]
    app[CATALOGUE] = catalogue = Catalogue(app[DATABASE], app[AROUND])

    async def watching() -> None:
        async for _ in mesh.watch("laptops"):
            catalogue.look_again()

    tasks = [asyncio.create_task(catalogue.follow(mesh)), asyncio.create_task(watching())]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def recommend(asked: Asked[None, Query]) -> Reply:
    """Recommend laptops to somebody, who may look at one now."""
    return await _answer(asked, asked.query.laptop)


async def recommend_beside(asked: Asked[None, ForSomebody]) -> Reply:
    """Recommend laptops to somebody who looks at this one."""
    return await _answer(asked, asked.id)


async def record_look(asked: Asked[Seen, None]) -> None:
    """Tell that somebody looked at a laptop."""
    await asked.database.write(partial(looks.record, seen=asked.body, now_s=asked.now_s))


async def _answer(asked: Asked[None, Query] | Asked[None, ForSomebody], laptop: int | None) -> Reply:
    catalogue, customer = asked.request.app[CATALOGUE], asked.query.customer
    known, seen, purchases = await _known(asked, catalogue)
    # What is not in an old catalogue, or beyond the end of a cut one, may exist all the same.
    if laptop is not None and catalogue.current and known.whole and laptop not in known.ids:
        raise Problem(404, "there is no such laptop", errors=[FieldError("laptop", "is not in the catalogue")])
    ranked = rank(
        known.laptops,
        seen,
        purchases,
        customer=customer,
        current=laptop,
        limit=asked.query.limit,
        now_s=asked.now_s,
    )
    as_of = datetime.fromtimestamp(known.as_of_s, UTC)
    notice = _notice(known, catalogue.current, as_of)
    found = Recommendations(
        recommendations=[_document(each) for each in ranked],
        notice=notice,
        as_of=as_of.isoformat(timespec="seconds"),
    )
    whose = "public" if customer is None else "private"
    return Reply(found, headers={"Cache-Control": "no-store" if notice else f"{whose}, max-age={_MAX_AGE_S}"})


async def _known(
    asked: Asked[None, Query] | Asked[None, ForSomebody], catalogue: Catalogue
) -> tuple[Known, Sequence[Look], Sequence[Purchase]]:
    """The laptops, the looks and the purchases, all of one moment."""

    def work(connection: Connection) -> tuple[Known | None, Sequence[Look], Sequence[Purchase]]:
        found = laptops.known(connection, catalogue.last)
        return found, looks.lately(connection, asked.query.customer), bought.lately(connection)

    readings = catalogue.readings
    known, seen, purchases = await asked.database.read(work)
    if known is None:
        catalogue.lost(readings)
        with suppress(TimeoutError):
            async with asked.request.app[AROUND].clock.timeout(_PATIENCE_S):
                await catalogue.tried.wait()
        known, seen, purchases = await asked.database.read(work)
    if known is None:
        raise Problem(503, "the laptops service has not told its laptops yet", headers={"Retry-After": "1"})
    catalogue.last = known
    return known, seen, purchases


def _document(recommendation: Recommendation) -> Recommended:
    reasons = [Reason(kind=reason.kind, text=reason.text) for reason in recommendation.reasons]
    return Recommended(laptop=recommendation.laptop, score=round(recommendation.score, 3), reasons=reasons)


def _notice(known: Known, current: bool, as_of: datetime) -> str | None:
    if not current:
        return f"prices and stock may have changed since {as_of:%H:%M} UTC"
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
