"""Reservations of stock over HTTP: for peers, since only they know what was ordered and paid."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from discovery.web import Problem
from services.kit.web.route import AROUND, DATABASE, Asked, Reply, Route
from services.laptops import reservation
from services.laptops.reservation import Reservation, ReservationDraft

_log = logging.getLogger(__name__)

# How long stock that has expired may look reserved. A reservation gives it back at once.
_EVERY_S = 5.0


async def hold(asked: Asked[ReservationDraft, None]) -> Reply:
    """Hold stock for a while, under a key of your own; the same again is the one that is there."""
    made, new = await asked.database.write(
        partial(reservation.hold, laptop=asked.id, key=_key(asked), draft=asked.body, now_s=asked.now_s)
    )
    return Reply(made, 201 if new else 200)


async def read(asked: Asked[None, None]) -> Reservation:
    """Read what became of a reservation."""
    found = await asked.database.read(partial(reservation.find, laptop=asked.id, key=_key(asked)))
    if found is None:
        raise Problem(404, "there is no such reservation")
    return found


async def take(asked: Asked[None, None]) -> Reservation:
    """Take what is held: it was sold."""
    work = partial(reservation.take, laptop=asked.id, key=_key(asked), now_s=asked.now_s)
    return await asked.database.write(work)


async def release(asked: Asked[None, None]) -> Reservation:
    """Give back what is held, or was taken."""
    work = partial(reservation.release, laptop=asked.id, key=_key(asked), now_s=asked.now_s)
    return await asked.database.write(work)


def _key(asked: Asked[ReservationDraft, None] | Asked[None, None]) -> str:
    return asked.request.match_info["key"]


async def giving_back(app: web.Application) -> AsyncIterator[None]:
    """Give back what nobody took in time, while the service runs. Any number of instances may do so."""

    async def forever() -> None:
        while True:
            await clock.sleep(_EVERY_S)
            try:
                for laptop in await database.read(partial(reservation.waiting, now_s=clock.wall())):
                    await database.write(partial(reservation.expire, laptop=laptop, now_s=clock.wall()))
                await database.write(partial(reservation.forget, now_s=clock.wall()))
            except Problem as problem:
                _log.info("reservations that expired are given back later: %s", problem.detail)
            except Exception:  # noqa: BLE001 - whatever it was, stock has to come back the next time
                _log.exception("reservations that expired are given back later")

    clock, database = app[AROUND].clock, app[DATABASE]
    task = asyncio.create_task(forever())
    yield
    task.cancel()
    await asyncio.wait([task])


_PATH = "/laptops/{id}/reservations/{key}"
ROUTES = (
    Route("PUT", _PATH, hold, answers={201: Reservation, 200: Reservation}, body=ReservationDraft, inside=True),
    Route("GET", _PATH, read, answers={200: Reservation}, inside=True),
    Route("POST", f"{_PATH}/taken", take, answers={200: Reservation}, refuses=(409,), inside=True),
    Route("DELETE", _PATH, release, answers={200: Reservation}, inside=True),
)
