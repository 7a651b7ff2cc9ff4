"""A link to the broker: one connection, and a channel of it. It is never mended, but made anew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from aio_pika import Connection
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from yarl import URL


class Ended(Exception):
    """The link is over, and nothing more will come of it."""


# What a link fails with, one way or the other.
FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError, Ended)

# It tells every try, with what it is made of. What is worth telling, whoever makes links tells once.
logging.getLogger("aiormq").setLevel(logging.CRITICAL)

# A broker that says nothing for about three times as long is taken for dead.
_HEARTBEAT_S = 10
_CONNECTING_S = 5.0
_CLOSING_S = 5.0


@asynccontextmanager
async def linked(url: URL, name: str) -> AsyncIterator[AbstractChannel]:
    """A channel to the broker at *url*, which shows *name* to whoever looks at its connections.

    What is published on it is confirmed; what cannot be put into a queue is an error.

    Raises:
        Exception: one of :data:`FAILURES`.
    """
    asked = {"heartbeat": f"{_HEARTBEAT_S}", "name": name}
    more = {key: value for key, value in asked.items() if key not in url.query}
    connection = Connection(url.update_query(more))
    try:
        async with asyncio.timeout(_CONNECTING_S):
            await connection.connect()
            channel = await connection.channel(on_return_raises=True)
        yield channel
    finally:
        # Who does not answer is left as he is.
        with suppress(*FAILURES), asking():
            async with asyncio.timeout(_CLOSING_S):
                await connection.close()


@contextmanager
def asking() -> Iterator[None]:
    """Ask the broker something within, and fail where the link ends meanwhile.

    The client cancels what waits for an answer then: taken for what it is not, that would end who waits.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Ended("the connection ended") from None


def said(error: BaseException) -> str:
    """What *error* says, for the log. It never holds the address, which has a password in it."""
    why = "it does not answer" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    return f"the broker cannot be used: {why}"
