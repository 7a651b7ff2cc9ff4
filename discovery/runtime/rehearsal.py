"""Whether this aiohttp can be used below its session: one request is made and answered in memory, when a mesh opens.

The names that ``direct.py`` uses are documented nowhere, and a new version may change them. Then calls go through the
session, as those do that ask for what only a session can do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from multidict import CIMultiDict

from discovery.model import Instance
from discovery.policy.standing import Peers, Standing
from discovery.runtime.body import EMPTY
from discovery.runtime.direct import Direct
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.memory import Memory
from discovery.runtime.pool import Pool

logger = logging.getLogger(__name__)


async def goes_well(pool: Pool) -> bool:
    """Rehearse; a version that it goes wrong with is told by a warning."""
    try:
        if await _answered(pool):
            return True
        error: object = "another request than was asked for"
    except Exception as exc:  # noqa: BLE001 - whatever it is that is different now, the other way is still there
        error = exc
    logger.warning("aiohttp %s is not known below its session, calls go through it: %r", aiohttp.__version__, error)
    return False


async def _answered(pool: Pool) -> bool:
    endpoint = Endpoint(Instance(id="memory", service="memory", host="127.0.0.1", port=8000), Standing(Peers()))
    line = endpoint.lined(pool.trust)
    real, connects = line.steady, _Connects(line.like.connection_key)
    line.steady = cast(aiohttp.TCPConnector, connects)
    request = Direct(pool, hdrs.METH_GET, "/in/memory?x=1", EMPTY[hdrs.METH_GET], CIMultiDict({"X-Said": "y"}))
    try:
        answer = await request.send(endpoint, request.headers(endpoint), TimerNoop())
        content = await answer.read()
    finally:
        line.steady = real
        await line.close()
    first, *lines = connects.transport.written.split(b"\r\n")
    return (
        (answer.status, content) == (200, b"ok")
        and first == b"GET /in/memory?x=1 HTTP/1.1"
        and lines[-2:] == [b"", b""]
        and {b"Host: 127.0.0.1:8000", b"Accept: */*", b"X-Said: y"} <= set(lines)
    )


class _Connects:
    """A connector whose only connection leads to memory, and which has an answer ready."""

    force_close = False

    def __init__(self, key: ConnectionKey) -> None:
        self.transport = Memory()
        self.protocol = ResponseHandler(asyncio.get_running_loop())
        self.protocol.connection_made(self.transport)
        self._key = key

    async def connect(
        self, request: aiohttp.ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        loop = asyncio.get_running_loop()
        loop.call_soon(self.protocol.data_received, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return Connection(cast(aiohttp.BaseConnector, self), self._key, self.protocol, loop)

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        protocol.close()
