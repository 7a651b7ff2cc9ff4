"""Takes what the broker has for a service: of all its instances one does, in order, each event once in effect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiohttp import web
from yarl import URL

import discovery
from discovery.web import Problem
from services.kit.data.database import Database
from services.kit.events.broker import queue_of
from services.kit.events.broker_link import FAILURES, Ended, asking, linked, said
from services.kit.events.event import Taking
from services.kit.events.inbox import handlers, receive
from services.kit.events.pauses import pause_s
from services.kit.web.route import AROUND, DATABASE

_log = logging.getLogger(__name__)

# How many the broker hands over before the first of them is done with.
IN_HAND = 20

_BEGINNING_S = 10.0

# One that takes at a time keeps the order. How often one that is taken and comes back may come again has to be said, or
# the broker throws it away after some times: here, what cannot be handled is put aside, and nothing else is lost.
_QUEUE: Mapping[str, Any] = {
    "x-queue-type": "quorum",
    "x-single-active-consumer": True,
    "x-delivery-limit": 1_000_000,
}


class BrokerInbox:
    """Takes from the queue of *service* at the broker at *url*, while it is entered."""

    def __init__(
        self, url: URL, service: str, database: Database, takes: Sequence[Taking], around: discovery.Surroundings
    ) -> None:
        self._url = url
        self._service = service
        self._database = database
        self._takes = handlers(takes)
        self._around = around
        self._failures = 0
        # Whether it was the database that the last try failed at.
        self._unusable = False

    async def __aenter__(self) -> Self:
        self._taking = asyncio.create_task(self._take_on(), name="take events")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._taking.cancel()
        await asyncio.wait([self._taking])

    async def _take_on(self) -> None:
        while True:
            try:
                with asking():
                    await self._take()
            except (Problem, *FAILURES) as why:
                self._unusable = isinstance(why, Problem)
                self._failures += 1
                if self._failures == 1:
                    _log.warning("no events are taken for now: %s", why if self._unusable else said(why))
            except Exception:  # noqa: BLE001 - whatever it was, events have to be taken the next time
                self._failures += 1
                _log.exception("no events are taken for now")
            await self._around.clock.sleep(pause_s(self._failures, self._around.rng.random()))

    async def _take(self) -> None:
        """Take what comes until something fails. What is in hand then goes back, for whichever instance is next."""
        async with linked(self._url, self._service) as channel, _consuming(channel, self._service) as messages:
            if not self._unusable:
                self._is_well()
            while True:
                message = await messages.get()
                if message is None:
                    raise Ended("the connection ended, or the queue")
                sent_in = str(message.headers.get("traceparent", ""))
                await receive(
                    *(self._database, self._takes, message.body, self._around),
                    system="rabbitmq",
                    sent_in=sent_in,
                    again=bool(message.redelivered),
                )
                await message.ack()
                self._is_well()

    def _is_well(self) -> None:
        if self._failures:
            _log.info("events are taken again")
        self._failures, self._unusable = 0, False


@asynccontextmanager
async def _consuming(
    channel: AbstractChannel, service: str
) -> AsyncIterator[asyncio.Queue[AbstractIncomingMessage | None]]:
    """What comes for *service*, in order, and None when nothing will come any more."""
    messages: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()

    async def take(message: AbstractIncomingMessage) -> None:
        messages.put_nowait(message)

    def end(*_: object) -> None:
        messages.put_nowait(None)

    # A broker that has just started may leave one of these without an answer for good.
    async with asyncio.timeout(_BEGINNING_S):
        await channel.set_qos(prefetch_count=IN_HAND)
        queue = await channel.declare_queue(queue_of(service), durable=True, arguments=dict(_QUEUE))
        channel.close_callbacks.add(end)
        # When somebody deletes the queue, the channel stays.
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(end)
        await queue.consume(take)
    yield messages


async def taking(app: web.Application, url: URL, takes: Sequence[Taking]) -> AsyncIterator[None]:
    """Take events for the service whose *app* that is, while it runs."""
    name = app[discovery.MESH].config.name
    async with BrokerInbox(url, name, app[DATABASE], takes, app[AROUND]):
        yield
