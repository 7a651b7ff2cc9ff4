"""Events by the broker: each subscriber has a queue there, and takes from it at its own pace.

A queue of its own for each, and not an exchange that copies: the sender knows then what each of them has, so that one
that is new gets what happened before it came, in order, and one that was never there loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Self

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import PublishError
from yarl import URL

import discovery
import observability
from services.kit.events.broker import queue_of
from services.kit.events.broker_link import FAILURES, asking, linked, said
from services.kit.events.event import MEDIA_TYPE
from services.kit.events.outbox import Waiting
from services.kit.events.subscribers import subscribers
from services.kit.events.transport import Undelivered

# Until it is confirmed: on the disks of most of the machines that keep the queue.
_LIMIT_S = 10.0


class BrokerTransport:
    """To the queues of all who take the events of *source*, while it is entered."""

    system = "rabbitmq"
    stores = True

    def __init__(self, url: URL, mesh: discovery.Mesh, source: str) -> None:
        self._url = url
        self._mesh = mesh
        self._source = source
        self._opening = asyncio.Lock()
        self._channel: AbstractChannel | None = None
        self._link = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._link.aclose()

    async def subscribers(self) -> Collection[str]:
        """As over the mesh: they say so in the registry."""
        return await subscribers(self._mesh, self._source)

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        """Put it into the queue, and wait until it is there to stay. What it hands over *again*, the broker says."""
        message = Message(
            event.raw,
            content_type=MEDIA_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            type=event.kind,
            # The hop; where the event was made stands in the event.
            headers={"traceparent": observability.current_traceparent()},
        )
        channel = None
        try:
            with asking():
                async with asyncio.timeout(_LIMIT_S):
                    channel = await self._opened()
                    await channel.default_exchange.publish(message, queue_of(subscriber))
        except PublishError:
            raise Undelivered(f"{subscriber} has made no queue yet") from None
        except FAILURES as error:
            if channel is not None:
                await self._drop(channel)
            raise Undelivered(said(error)) from None

    async def _opened(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._channel = None
                await self._link.aclose()
                self._channel = await self._link.enter_async_context(linked(self._url, self._source))
            return self._channel

    async def _drop(self, channel: AbstractChannel) -> None:
        """Let go of the link of *channel*. By now there may be another one."""
        async with self._opening:
            if channel is self._channel:
                self._channel = None
                await self._link.aclose()
