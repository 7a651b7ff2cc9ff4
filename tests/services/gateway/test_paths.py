"""Request lines and heads as raw bytes: nothing with a second reading reaches a service."""

from __future__ import annotations

from aiohttp import web

import discovery
from tests.services.gateway.doors import build
from tests.services.gateway.test_target import REFUSED
from tests.services.support import behind, served

# The whole request but for the last line of its head, and the statuses that are right.
ODD: dict[bytes, set[int]] = {
    b"GET http://echo/api/echo/x HTTP/1.1\r\nHost: gw": {400},
    b"GET http://gw/api/echo/x HTTP/1.1\r\nHost: gw": {400},
    b"GET https://gw/api/echo/x HTTP/1.1\r\nHost: gw": {400},
    b"OPTIONS * HTTP/1.1\r\nHost: gw": {400},
    b"CONNECT echo:80 HTTP/1.1\r\nHost: gw": {400, 405},
    b"CONNECT /api/echo/x HTTP/1.1\r\nHost: gw": {400, 405},
    b"TRACE /api/echo/x HTTP/1.1\r\nHost: gw": {405},
    b"TRACE / HTTP/1.1\r\nHost: gw": {405},
    b"PUT / HTTP/1.1\r\nHost: gw": {405},
    b"GET http://marketplace/ HTTP/1.1\r\nHost: gw": {400},
    b"GET /health/x HTTP/1.1\r\nHost: gw": {404},
    b"POST /health/ready HTTP/1.1\r\nHost: gw\r\nContent-Length: 0": {405},
    b"GET /health HTTP/1.1\r\nHost: gw": {404},
    b"GET /%68ealth/x HTTP/1.1\r\nHost: gw": {400},
    b"GET /mesh HTTP/1.1\r\nHost: gw": {404},
    b"GET /mesh/view HTTP/1.1\r\nHost: gw": {404},
    b"GET /m%65sh/view HTTP/1.1\r\nHost: gw": {400},
    b"GET /metrics HTTP/1.1\r\nHost: gw": {404},
    b"GET /%6detrics/ HTTP/1.1\r\nHost: gw": {400},
    b"PUT /api HTTP/1.1\r\nHost: gw\r\nContent-Length: 0": {405},
    b"GET /%61pi/nobody HTTP/1.1\r\nHost: gw": {400},
    b"PROPFIND /api/echo/x HTTP/1.1\r\nHost: gw": {400, 405},
    b"BREW /api/echo/x HTTP/1.1\r\nHost: gw": {400, 405},
    b"get /api/echo/x HTTP/1.1\r\nHost: gw": {400, 405},
    b"GET /api/echo/x HTTP/2.0\r\nHost: gw": {400, 505},
    b"GET /api/echo/x HTTP/0.9\r\nHost: gw": {400, 505},
    b"GET /api/echo/x HTTP/1.2\r\nHost: gw": {400, 505},
    b"GET /api/echo/x\r\nHost: gw": {400, 505},
    b"GET /api/echo/x\tHTTP/1.1\r\nHost: gw": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nHost: echo": {400},
    b"GET /api/echo/x HTTP/1.1": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost:": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: g w": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw/evil": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: user@gw": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: <script>": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nX-A : b": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\n folded: b": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nX-A: a\x00b": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nX-A: \xff\xfe": {400},
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nX-A: " + b"x" * 9000: {400, 431},
    b"GET /api/echo/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: gw": {400, 414},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nContent-Length: 1\r\nContent-Length: 2": {400},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nContent-Length: -1": {400},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nContent-Length: 1\r\nTransfer-Encoding: chunked": {400},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: xchunked": {400},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\nzz": {400},
    b"POST /api/echo/x HTTP/1.1\r\nHost: gw\r\nContent-Encoding: snappy\r\nContent-Length: 0": {415},
}
ACCEPTED = [
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw",
    b"GET /api/echo/x HTTP/1.1\r\nHost: gw:8080",
    b"GET /api/echo/x HTTP/1.1\r\nHost: [::1]:8080",
    b"GET /api/echo/x HTTP/1.0\r\nHost: gw",
    b"GET /api/echo/x HTTP/1.0",
]


async def test_no_odd_request_reaches_a_service(registry: discovery.StaticRegistry) -> None:
    reached: list[str] = []

    async def echo(request: web.BaseRequest) -> web.Response:
        reached.append(request.raw_path)
        return web.Response(text="reached")

    odd = dict(ODD)
    for target in REFUSED:
        # In a request line a space ends the target, and a NUL the request.
        odd[b"GET %s HTTP/1.1\r\nHost: gw" % target.encode()] = {400}
    wrong: dict[bytes, bytes] = {}
    async with (
        behind(registry, "echo", echo),
        behind(registry, "marketplace", echo),
        served(build(), "gateway", registry) as client,
    ):
        for head, statuses in odd.items():
            answer = await client.raw(head + b"\r\nConnection: close\r\n\r\n")
            if int(answer.split(b" ")[1]) not in statuses or b"Traceback" in answer or b"aiohttp" in answer.lower()[:9]:
                wrong[head] = answer
        assert wrong == {}
        assert reached == []

        for head in ACCEPTED:
            assert b"reached" in await client.raw(head + b"\r\nConnection: close\r\n\r\n")
        assert reached == ["/echo/x"] * len(ACCEPTED)
