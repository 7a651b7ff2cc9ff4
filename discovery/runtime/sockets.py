"""Websockets: the handshake is a call like any other, and what comes of it is aiohttp's socket.

aiohttp says what a handshake asks for, and judges the answer; its request comes to us as to the middleware of a
session. So an instance is chosen, and another one where the first cannot be reached or refuses before the upgrade; what
a 101 has opened is nobody's to repeat. A refusal is raised, since there is no socket to return. Nor is a redirect
followed: where it leads would be the choice of a peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from discovery.call_errors import HandshakeRefused
from discovery.model import Target
from discovery.runtime.address import Logical
from discovery.runtime.caller import Caller
from discovery.runtime.flight import FLIGHT, Flight, attempts
from discovery.runtime.outgoing import Handed
from discovery.runtime.pool import Pool
from discovery.runtime.said import Said
from discovery.runtime.socket_options import theirs
from discovery.runtime.switched import SWITCHES

# As much of a refusal is kept for whoever asks why. What is longer is no message.
_BODY_BYTES = 64 * 1024


class Sockets:
    """Opens them, for one mesh."""

    def __init__(self, pool: Pool, caller: Caller) -> None:
        self._pool = pool
        self._caller = caller

    async def connect(
        self, asked: Logical, url: str | URL, options: Mapping[str, Any], said: Said | None
    ) -> aiohttp.ClientWebSocketResponse:
        """Open one at *url*, which was *asked* for.

        Raises:
            HandshakeRefused: when the answer is no socket.
            CallError: when there is no answer.
        """
        answers: list[aiohttp.ClientResponse] = []

        async def hop(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            handed = Handed(request, handler, request.url.raw_path_qs, self._pool.trust)
            answer = await self._caller.call(asked.target, handed, said)
            if answer.status != SWITCHES:
                raise await _refusal(asked.target, answer)
            answers.append(answer)
            return answer

        async with self._pool.handshaking(hop) as session:
            try:
                socket: aiohttp.ClientWebSocketResponse = await session.ws_connect(url, **theirs(options))
            except HandshakeRefused:
                raise
            except aiohttp.WSServerHandshakeError as error:
                raise HandshakeRefused(asked.target, answers[0], attempts(answers[0]), error.message) from error
        flight: Flight = getattr(answers[0], FLIGHT)
        flight.switched.by(socket)
        setattr(socket, FLIGHT, flight)
        return socket


async def _refusal(target: Target, answer: aiohttp.ClientResponse) -> HandshakeRefused:
    body = b""
    try:
        body = await answer.content.readexactly(_BODY_BYTES)
    except asyncio.IncompleteReadError as end:
        body = end.partial
    except (aiohttp.ClientError, TimeoutError):
        pass  # the status is what counts
    finally:
        answer.close()
    return HandshakeRefused(target, answer, attempts(answer), f"it answered {answer.status} {answer.reason}", body)
