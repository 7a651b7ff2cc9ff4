"""Carrying orders out: the loop of one instance, which any other may go on with where it was killed."""

from __future__ import annotations

import asyncio
import itertools
import logging
import uuid
from functools import partial

import discovery
from discovery.web import Problem
from services.kit.data.database import Database
from services.orders import saga_store
from services.orders.meaning import Answer, entry_of
from services.orders.peers import Peers
from services.orders.requests import request_of
from services.orders.saga import Step, given_up, next_step, pause_s
from services.orders.saga_store import Saga

_log = logging.getLogger(__name__)

# How soon an order that was placed, or put off, is looked at.
_EVERY_S = 0.2
# So many are carried out at once: one whose peers hang holds nobody up for long.
_AT_ONCE = 8


class Carrier:
    """Carries out what waits in *database*, by asking *peers*; who is away is asked for *patience_s*."""

    def __init__(self, database: Database, peers: Peers, around: discovery.Surroundings, *, patience_s: float) -> None:
        self._database = database
        self._peers = peers
        self._clock = around.clock
        self._patience_s = patience_s
        self._me = uuid.uuid4().hex
        self._claims = itertools.count()
        self._under_way: set[int] = set()

    async def forever(self) -> None:
        """Carry out what waits, until it is cancelled."""
        async with asyncio.TaskGroup() as carrying:
            while True:
                for order in await self._waiting():
                    self._under_way.add(order)
                    carrying.create_task(self._carry_safely(order))
                await self._clock.sleep(_EVERY_S)

    async def carry(self, id: int) -> None:
        """Carry one order out until it is over, or somebody is away; unless another one does.

        Who is cancelled gives it back, so that another one goes on at once.

        Raises:
            Problem: when the database is away. Its lease ends by itself.
        """
        # Each claim is a holder of its own: this instance may have lost it, and taken it up again.
        holder = f"{self._me}-{next(self._claims)}"
        now_s = self._clock.wall()
        try:
            saga = await self._database.write(partial(saga_store.claim, id=id, holder=holder, now_s=now_s))
            while saga is not None:
                saga = await self._go_on(saga)
        except asyncio.CancelledError:
            now_s = self._clock.wall()
            await self._database.write(partial(saga_store.give_back, id=id, holder=holder, now_s=now_s))
            raise

    async def _go_on(self, saga: Saga) -> Saga | None:
        """Do the next step; None: it was the last for now."""
        if (step := next_step(len(saga.lines), saga.log, saga.tries)) is None:
            return None
        answer = await self._peers.ask(request_of(saga, step))
        now_s = self._clock.wall()
        entry = entry_of(step, answer) or given_up(step, now_s - saga.placed_s, self._patience_s)
        if entry is not None:
            if entry.refusal:
                _log.info("order %d: %s", saga.id, entry.refusal)
            return await self._database.write(partial(saga_store.record, saga=saga, entry=entry, now_s=now_s))
        _tell(saga, step, answer)
        due_s = now_s + pause_s(saga.tries)
        await self._database.write(partial(saga_store.put_off, saga=saga, due_s=due_s, now_s=now_s))
        return None

    async def _waiting(self) -> list[int]:
        most = _AT_ONCE - len(self._under_way)
        if most <= 0:
            return []
        waiting = partial(saga_store.waiting, now_s=self._clock.wall(), most=_AT_ONCE)
        try:
            found = await self._database.read(waiting)
        except Problem as problem:
            _log.info("orders are carried out later: %s", problem.detail)
            return []
        except Exception:  # noqa: BLE001 - whatever it was, orders have to be carried out the next time
            _log.exception("orders are carried out later")
            return []
        return [order for order in found if order not in self._under_way][:most]

    async def _carry_safely(self, order: int) -> None:
        try:
            await self.carry(order)
        except Problem as problem:
            _log.info("order %d is carried on later: %s", order, problem.detail)
        except Exception:  # noqa: BLE001 - whatever it was, the others go on, and this one when its lease has ended
            _log.exception("order %d is carried on later", order)
        finally:
            self._under_way.discard(order)


def _tell(saga: Saga, step: Step, answer: Answer) -> None:
    """Say that *answer* to *step* does not count. One that time alone does not change is for somebody to look at."""
    _log.info("order %d: no answer to %s that counts (%d)", saga.id, step.deed.value, answer.status)
    # Each time as many tries later as there have been.
    if 400 <= answer.status < 500 and not saga.tries & (saga.tries + 1):
        _log.warning(
            "order %d: %s was answered %d (try %d), and is asked again until it is done: look at what is there",
            *(saga.id, step.deed.value, answer.status, saga.tries + 1),
        )
