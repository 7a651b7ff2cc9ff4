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
        (aiohttp.ServerDisconnectedError(), Outcome.LOST),
        (aiohttp.ClientOSError(), Outcome.LOST),
        (aiohttp.ClientConnectionResetError(), Outcome.LOST),
        (aiohttp.ClientPayloadError(), Outcome.LOST),
        (aiohttp.InvalidURL("x"), None),
        (TypeError(), None),
        (RuntimeError("Session is closed"), None),
    ],
)
def test_an_error_is_judged_by_what_it_proves(error: Exception, outcome: Outcome | None) -> None:
    assert outcomes.of_error(error) is outcome


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("0000000003", 3.0),
        ("999999", 999_999.0),
        ("9999999", 999_999.0),
        ("9" * 5000, 999_999.0),
        (LATER, 30.0),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:30 -0000", None),
        (DATE, 0.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 9999 07:28:00 GMT", 999_999.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("soon", None),
    ],
)
def test_retry_after_is_read_strictly(text: str, seconds: float | None) -> None:
    assert outcomes.retry_after({"Retry-After": text, "Date": DATE}) == seconds


@pytest.mark.parametrize("date", [{}, {"Date": ""}, {"Date": "today"}])
def test_a_date_means_nothing_without_the_date_of_its_answer(date: dict[str, str]) -> None:
    assert outcomes.retry_after({"Retry-After": LATER, **date}) is None


@pytest.mark.parametrize(
    ("status", "headers", "against"),
    [(200, {}, False), (404, {}, False), (499, {}, False), (500, {}, True), (503, {"Mesh-Nack": "deadline"}, False)],
)
def test_a_failure_of_the_server_speaks_against_it(status: int, headers: dict[str, str], against: bool) -> None:
    assert outcomes.speaks_against(status, CIMultiDict(headers)) is against


@pytest.mark.parametrize(
    ("error", "ended"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ClientOSError(errno.ECONNRESET, "reset by peer"), True),
        (aiohttp.ClientOSError(errno.EPIPE, "broken pipe"), True),
        (aiohttp.ClientConnectionResetError("closed before it was used"), True),
        (aiohttp.ServerDisconnectedError(BEGUN), False),
        (aiohttp.ClientOSError(errno.ENETUNREACH, "no way"), False),
        (aiohttp.ClientPayloadError(), False),
        (TimeoutError(), False),
    ],
)
def test_a_kept_connection_may_have_ended_before_anything_came(error: Exception, ended: bool) -> None:
    assert outcomes.without_a_word(error) is ended
