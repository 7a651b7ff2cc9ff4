"""A websocket of a client, led on to the service that its path names.

The service is asked first: what it refuses is refused here, in its own words. Both handshakes are made anew, so no
byte of one connection reaches the other but in messages that were read as such: there is nothing to smuggle in.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

import aiohttp
from aiohttp import HttpVersion11, WSCloseCode, hdrs, web
from yarl import URL

import discovery
from discovery.web import Problem
from services.gateway import frames, headers
from services.gateway.frames import CLOSE_S, End
from services.gateway.room import Room
from services.gateway.side import Side
from services.gateway.target import refuse_empty_query

_log = logging.getLogger(__name__)

# As large as the largest request, and larger than what most libraries send as one message.
MESSAGE_BYTES = 1024**2
# Each takes two connections, and processes are often given 1024.
MOST_OPEN = 400
# A network forgets a connection on which nothing passes, often after a minute; and who vanished says nothing.
_HEARTBEAT_S = 25.0

_SWITCHES = 101
_VERSION = "13"
_ONLY_VERSION: Mapping[str, str] = MappingProxyType({hdrs.SEC_WEBSOCKET_VERSION: _VERSION, hdrs.UPGRADE: "websocket"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# 16 bytes in Base64 (RFC 6455, 4.1); aiohttp decodes what else is ASCII, and fails at the rest.
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
_THEIRS = "sec-websocket-"
# Of both: those of the two websockets are each its own.
_CLOSING = aiohttp.ClientWSTimeout(ws_close=CLOSE_S)


OPENED = web.AppKey("OPENED", Room)


def room() -> Room:
    """For all that are open at once."""
    return Room(MOST_OPEN, "as many websockets are open as may be")


def is_asked_for(request: web.Request) -> bool:
    """Whether *request* asks for a websocket. Any other upgrade is left out on the way, as RFC 9110 lets us."""
    return (
        request.headers.get(hdrs.UPGRADE, "").strip().lower() == "websocket"
        and "upgrade" in headers.named_by_connection(request.headers)
        and request.method == hdrs.METH_GET
        and request.version == HttpVersion11
    )


async def tunnel(request: web.Request, mesh: discovery.Mesh, asked: str | URL, side: Side) -> web.StreamResponse:
    """Lead *request* to the logical URL *asked*, and its messages there and back.

    Raises:
        Problem: when it is no handshake, comes from a foreign page, or there are too many.
        CallError: when there is no answer.
    """
    protocols = _checked(request)
    refuse_empty_query(asked)
    passed = headers.of_request(request, side)
    for name in [name for name in passed if name.lower().startswith(_THEIRS)]:
        del passed[name]
    with request.app[OPENED]:
        try:
            service = await mesh.ws_connect(
                asked,
                headers=passed,
                protocols=protocols,
                autoclose=False,
                autoping=False,
                heartbeat=_HEARTBEAT_S,
                max_msg_size=MESSAGE_BYTES,
                ws_timeout=_CLOSING,
            )
        except discovery.HandshakeRefused as refusal:
            return _refused(refusal, side)
        client = web.WebSocketResponse(
            timeout=CLOSE_S,
            autoclose=False,
            autoping=False,
            heartbeat=_HEARTBEAT_S,
            protocols=[service.protocol] if service.protocol else (),
            compress=False,
            max_msg_size=MESSAGE_BYTES,
        )
        try:
            await client.prepare(request)
            up, down = await frames.carry(client, service)
            if {up, down} != {End.CLOSED} and not request.app[discovery.LEAVING].is_set():
                whose = discovery.attempts(service)[-1].instance.id
                _log.info("a websocket to %s broke off: of its client %s, of itself %s", whose, up.value, down.value)
        finally:
            # Whoever is still there is told that the other one has gone; no code says more of it.
            await _end(service, WSCloseCode.GOING_AWAY)
            if client.prepared:
                await _end(client, WSCloseCode.BAD_GATEWAY)
            if request.transport is not None:
                request.transport.abort()  # what it has not taken until now is kept for nobody
        return client


def _checked(request: web.Request) -> list[str]:
    """The protocols that a handshake offers, once it is one."""
    said = request.headers
    if hdrs.TRANSFER_ENCODING in said or said.get(hdrs.CONTENT_LENGTH, "0") != "0":
        raise Problem(400, "a websocket is asked for without a body")
    if said.get(hdrs.SEC_WEBSOCKET_VERSION) != _VERSION:
        raise Problem(426, "version 13 of the websocket protocol is spoken here", headers=_ONLY_VERSION)
    offered = ",".join(said.getall(hdrs.SEC_WEBSOCKET_PROTOCOL, []))
    protocols = [protocol.strip() for protocol in offered.split(",")] if offered else []
    if not all(map(_TOKEN.fullmatch, protocols)):
        raise Problem(400, "the protocols of a websocket are tokens, with commas between")
    if not (
        _KEY.fullmatch(said.get(hdrs.SEC_WEBSOCKET_KEY, ""))
        and web.WebSocketResponse(protocols=protocols).can_prepare(request).ok
    ):
        raise Problem(400, "this is no handshake of a websocket")
    origin = said.get(hdrs.ORIGIN)
    if origin is not None and origin.partition("://")[2].lower() != said.get(hdrs.HOST, "").lower():
        # Browsers let any page open one to anybody, with whatever they keep for him.
        raise Problem(403, "a page of another origin opens no websocket here")
    return protocols


def _refused(refusal: discovery.HandshakeRefused, side: Side) -> web.Response:
    if refusal.headers is None:
        raise Problem(502, "the service gave no answer that can be understood") from refusal
    return web.Response(
        status=refusal.status, headers=headers.outward(refusal.headers, side, refusal.status), body=refusal.body or None
    )


async def end_what_is_refused(request: web.Request, response: web.StreamResponse) -> None:
    """Close the connection of whoever asked for another protocol, and did not get it, for whatever reason.

    Who thought that the upgrade was a matter of course has sent frames behind it, which are no requests.
    """
    if hdrs.UPGRADE in request.headers and response.status != _SWITCHES:
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"


async def _end(socket: frames.Socket, code: WSCloseCode) -> None:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code=code)
