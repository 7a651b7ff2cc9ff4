"""One connection of a server: what it says of what is no request, and of who leaves; and which request is its last.

aiohttp's own answer repeats what came, says which aiohttp it is, and writes a traceback as an error into the log: so
anybody could fill that, and put lines of his own there. And its parser takes what trails the chunks of one request for
headers of the next, which is somebody else's where a proxy before us keeps its connections.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

logger = logging.getLogger(__name__)

_NO_REQUEST = "what came is no request of HTTP/1.1 (RFC 9112), or its head is too large"
_NO_WISH = "the only thing to expect here is 100-continue"


def _problem(status: HTTPStatus, detail: str) -> web.Response:
    """A problem document (RFC 9457), after which the connection ends."""
    document = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    response = web.json_response(document, status=status, content_type="application/problem+json")
    response.headers[hdrs.SERVER] = "edge"  # else aiohttp says what it is, and which version
    response.force_close()
    return response


class Connection(web.RequestHandler):
    """What each of aiohttp's becomes when it is made (see ``doorway.py``); it keeps nothing of its own."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what went wrong before a request came to be; what a handler did not foresee is aiohttp's to answer."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        logger.debug("no request came from %s: %s", request.remote, type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun, so there cannot be another one")
        return _problem(HTTPStatus.BAD_REQUEST, _NO_REQUEST)

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Tell what nobody foresaw. A client that leaves, or that sends a body that is none, is no trouble of ours."""
        error = kw.get("exc_info")
        if isinstance(error, ConnectionError | web.RequestPayloadError):
            logger.debug("a client left, or sent a body that is none: %s", type(error).__name__)
        else:
            super().log_exception(*args, **kw)


class EdgeConnection(Connection):
    """One of a server that strangers reach: no request follows on one that came in chunks."""

    __slots__ = ()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, or what is still to come of it."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = _problem(HTTPStatus.EXPECTATION_FAILED, _NO_WISH)  # aiohttp's repeats the wish
        elif hdrs.TRANSFER_ENCODING in request.headers:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)
