"""The messages of two websockets, carried from each to the other until both have said that they end.

aiohttp reads messages, not frames, so one is held as a whole, up to its limit, and is passed on before the next one is
read: who takes nothing is not read for either. A close is passed on with its code and reason, and whoever has not
closed yet may still say what he has to say, for a moment.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Any

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, web

Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse

# Who takes nothing for so long is gone, or means harm; as for the bodies of answers.
STALL_S = 30.0
# For how long one may go on when the other one has closed, and how long the answer to a close may take.
CLOSE_S = 5.0

_PASSED = frozenset({WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG})
_CODE_BYTES = 2


class End(Enum):
    """How one direction ended."""

    CLOSED = "its sender closed it"
    LOST = "its sender is gone, or said what is no message"
    STALLED = "its receiver takes nothing"


async def carry(client: web.WebSocketResponse, service: aiohttp.ClientWebSocketResponse) -> tuple[End, End]:
    """Carry messages both ways; return how that of the client and that of the service ended.

    The one that ended first ends the other, at once or, when it was closed, within :data:`CLOSE_S`.
    """
    closed: set[Socket] = set()
    up = asyncio.create_task(_one_way(client, service, closed))
    down = asyncio.create_task(_one_way(service, client, closed))
    both = {up, down}
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if all(task.result() is End.CLOSED for task in done):
            await asyncio.wait(both, timeout=CLOSE_S)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    return _ended(up), _ended(down)


def _ended(task: asyncio.Task[End]) -> End:
    return End.LOST if task.cancelled() else task.result()


async def _one_way(source: Socket, sink: Socket, closed: set[Socket]) -> End:
    try:
        while True:
            message = await source.receive()
            if message.type in _PASSED:
                async with asyncio.timeout(STALL_S):
                    await sink.send_frame(_bytes_of(message.data), message.type)
            elif message.type is WSMsgType.CLOSE:
                closed.add(source)
                async with asyncio.timeout(STALL_S):
                    await _close(sink, message.data, message.extra or "", answering=sink in closed)
                return End.CLOSED
            else:
                return End.LOST
    except TimeoutError:
        return End.STALLED
    except ConnectionError:  # the sink has gone, which the other direction will find
        return End.LOST


def _bytes_of(data: Any) -> bytes:
    return data.encode() if isinstance(data, str) else data


async def _close(sink: Socket, code: int, reason: str, *, answering: bool) -> None:
    """Say in one frame that the other side has closed, or *answering* that it closes too, which is the end."""
    if answering:
        await sink.close(code=code or WSCloseCode.OK, message=reason.encode())
    else:
        payload = code.to_bytes(_CODE_BYTES, "big") + reason.encode() if code else b""
        await sink.send_frame(payload, WSMsgType.CLOSE)
