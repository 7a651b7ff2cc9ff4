"""From what aiohttp says to what is known."""

from __future__ import annotations

import errno

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_parser import RawResponseMessage
from aiohttp.http_writer import HttpVersion11
from multidict import CIMultiDict, CIMultiDictProxy

from discovery.model import Outcome
from discovery.runtime import outcomes

BEGUN = RawResponseMessage(HttpVersion11, 200, "OK", CIMultiDictProxy(CIMultiDict()), (), False, None, False, False)

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"
LATER = "Wed, 21 Oct 2015 07:28:30 GMT"
KEY = ConnectionKey("127.0.0.1", 1, False, True, None, None, None)


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Outcome.ANSWERED),
        (404, {}, Outcome.ANSWERED),
        (429, {}, Outcome.ANSWERED),
        (429, {"Retry-After": "1"}, Outcome.UNAVAILABLE),
        (429, {"Retry-After": "9" * 400}, Outcome.UNAVAILABLE),
        (429, {"Retry-After": LATER, "Date": DATE}, Outcome.UNAVAILABLE),
        (429, {"Retry-After": LATER}, Outcome.ANSWERED),
        (429, {"Retry-After": "soon"}, Outcome.ANSWERED),
        (503, {"Retry-After": "soon"}, Outcome.UNAVAILABLE),
        (500, {"Retry-After": "1"}, Outcome.ANSWERED),
        (501, {}, Outcome.ANSWERED),
        (502, {}, Outcome.UNAVAILABLE),
        (503, {}, Outcome.UNAVAILABLE),
        (504, {}, Outcome.UNAVAILABLE),
        (505, {}, Outcome.ANSWERED),
        (503, {"Mesh-Nack": "draining"}, Outcome.NACKED),
        (503, {"mesh-nack": "draining"}, Outcome.NACKED),
        (503, {"Mesh-Nack": "busy"}, Outcome.BUSY),
        (503, {"Mesh-Nack": "refused"}, Outcome.BUSY),
        (503, {"Mesh-Nack": "deadline"}, Outcome.ANSWERED),
        (503, {"Mesh-Nack": "whatever"}, Outcome.UNAVAILABLE),
        (200, {"Mesh-Nack": "draining"}, Outcome.ANSWERED),
        (500, {"Mesh-Nack": "draining"}, Outcome.ANSWERED),
    ],
)
def test_an_answer_is_judged_by_its_head(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    assert outcomes.of_response(status, CIMultiDict(headers)) is outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (aiohttp.ClientConnectorError(KEY, OSError()), Outcome.UNSENT),
        (aiohttp.ClientConnectorDNSError(KEY, OSError()), Outcome.UNSENT),
        (aiohttp.ConnectionTimeoutError(), Outcome.UNSENT),
        (aiohttp.SocketTimeoutError(), Outcome.TIMED_OUT),
        (TimeoutError(), Outcome.TIMED_OUT),
        (aiohttp.ServerDisconnectedError(BEGUN), False),
        (aiohttp.ClientOSError(errno.ENETUNREACH, "no way"), False),
        (aiohttp.ClientPayloadError(), False),
        (TimeoutError(), False),
    ],
)
def test_a_kept_connection_may_have_ended_before_anything_came(error: Exception, ended: bool) -> None:
    assert outcomes.without_a_word(error) is ended
