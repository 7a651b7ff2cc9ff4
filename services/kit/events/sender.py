"""Sends what is in the outbox: of all instances of a service one does, to each subscriber at that one's own pace.

An event is marked as sent after it was, so it may be sent twice, and never not at all. Nothing overtakes: what cannot
be sent is tried again, and all that is for the same subscriber waits behind it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from functools import partial
from typing import Self

from aiohttp import web
from sqlalchemy import Connection
from yarl import URL

import discovery
import observability
from discovery.web import Problem
from services.kit.data import lease
from services.kit.data.database import Database
from services.kit.events import outbox
from services.kit.events.event import read
from services.kit.events.mesh_transport import MeshTransport
from services.kit.events.pauses import pause_s
from services.kit.events.transport import Transport, Undelivered
from services.kit.web.route import AROUND, DATABASE

_log = logging.getLogger(__name__)

LEASE = "outbox"
# Who was killed is followed by another instance after so long.
LEASE_S = 10.0
RENEWED_S = 3.0

# Only who has led for so long forgets anybody: where all were off, subscribers may come back later than their sender.
SETTLED_S = 600.0

# How long an event may wait until somebody looks for it.
_LOOKED_S = 0.25
# How many are sent before it is written down that they were: as many may be sent again.
_AT_ONCE = 50


def lead(
    connection: Connection, holder: str, there: Collection[str], now_s: float, *, settled: bool
) -> Mapping[str, int] | None:
    """How many events wait for whom, if *holder* is the one who sends them from now on; None where another one does."""
    if not lease.claim(connection, LEASE, holder, now_s=now_s, for_s=LEASE_S):
        return None
    outbox.see(connection, there, now_s)
    if settled:
        outbox.forget(connection, now_s)
    return outbox.backlog(connection)


def mark(connection: Connection, holder: str, subscriber: str, id: int, now_s: float) -> None:
    """Remember that *subscriber* has all up to that one, unless another one has taken over meanwhile."""
    if lease.holds(connection, LEASE, holder, now_s=now_s):
        outbox.mark(connection, subscriber, id)


class Sender:
    """Sends from the outbox in *database* by *transport*, while it is entered."""

    def __init__(self, database: Database, transport: Transport, around: discovery.Surroundings) -> None:
        self.backlog: Mapping[str, int] = {}
        self._database = database
        self._transport = transport
        self._clock, self._rng = around.clock, around.rng
        self._holder = uuid.uuid4().hex
        # Until then nobody else sends, by the clock that nobody can set.
        self._until = 0.0
        # When it will have led for a while.
        self._settled_at = math.inf
        self._deliveries: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._leading = asyncio.create_task(self._lead_on(), name="send events")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._leading.cancel()
        await asyncio.wait([self._leading])
        await self._deliver_to(())
        with suppress(Problem):  # who comes next has to wait for its end
            await self._database.write(partial(lease.release, name=LEASE, holder=self._holder))

    async def _lead_on(self) -> None:
        while True:
            try:
                await self._lead()
            except Problem as problem:
                _log.info("events are sent later: %s", problem.detail)
            except Exception:  # noqa: BLE001 - whatever it was, events have to be sent the next time
                _log.exception("events are sent later")
            await self._clock.sleep(RENEWED_S)

    async def _lead(self) -> None:
        there = await self._transport.subscribers()
        asked_at = self._clock.now()
        leading = partial(lead, holder=self._holder, there=there, now_s=self._clock.wall())
        found = await self._database.write(partial(leading, settled=asked_at >= self._settled_at))
        self.backlog = found or {}
        if found is None:
            self._settled_at = math.inf
        else:
            self._until = asked_at + LEASE_S
            self._settled_at = min(self._settled_at, asked_at + SETTLED_S)
        known = self.backlog if self._transport.stores else there
        await self._deliver_to(known if found is not None else ())

    async def _deliver_to(self, subscribers: Collection[str]) -> None:
        """Deliver to these, and to nobody else."""
        gone = [self._deliveries.pop(name) for name in self._deliveries.keys() - set(subscribers)]
        for task in gone:
            task.cancel()
        if gone:
            await asyncio.wait(gone)
        for name in set(subscribers) - self._deliveries.keys():
            self._deliveries[name] = asyncio.create_task(self._deliver(name), name=f"send events to {name}")

    async def _deliver(self, subscriber: str) -> None:
        failures = 0
        while True:
            try:
                sent = await self._send_some(subscriber, again=failures > 0)
                if failures:
                    _log.info("events reach %s again", subscriber)
                failures = 0
            except (Undelivered, Problem) as why:
                sent, failures = 0, failures + 1
                if failures == 1:
                    _log.warning("events for %s wait, and are sent again and again: %s", subscriber, why)
            except Exception:  # noqa: BLE001 - likewise
                sent, failures = 0, failures + 1
                _log.exception("events for %s wait, and are sent again and again", subscriber)
            if not sent:
                await self._clock.sleep(pause_s(failures, self._rng.random()) if failures else _LOOKED_S)

    async def _send_some(self, subscriber: str, *, again: bool) -> int:
        """Send the next ones, the first of them perhaps *again*, and return how many."""
        reached = sent = 0
        try:
            for event in await self._database.read(partial(outbox.waiting, subscriber=subscriber, limit=_AT_ONCE)):
                if self._clock.now() >= self._until:
                    break
                said = read(event.raw)
                with observability.sending_event(
                    said.kind, said.id, said.traceparent, self._transport.system, subscriber
                ):
                    await self._transport.send(subscriber, event, again=again and not sent)
                reached, sent = event.id, sent + 1
        finally:
            if reached:
                done = partial(mark, holder=self._holder, subscriber=subscriber, id=reached, now_s=self._clock.wall())
                await self._database.write(done)
        return sent


async def sending(app: web.Application, broker: URL | None) -> AsyncIterator[None]:
    """Send the events of the service whose *app* that is, while it runs: by the *broker*, or else over the mesh."""
    mesh = app[discovery.MESH]
    async with (
        _transport(mesh, mesh.config.name, broker) as transport,
        Sender(app[DATABASE], transport, app[AROUND]) as sender,
    ):
        observability.watch_backlog(lambda: sender.backlog)
        yield


def _transport(mesh: discovery.Mesh, source: str, broker: URL | None) -> AbstractAsyncContextManager[Transport]:
    if broker is None:
        return nullcontext(MeshTransport(mesh, source))
    from services.kit.events.broker_transport import BrokerTransport  # noqa: PLC0415 - only who uses it pays for it

    return BrokerTransport(broker, mesh, source)
