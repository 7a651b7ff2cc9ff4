from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

import discovery
from services.gateway.edge import compression
from tests.services.gateway.answers import breaking_off
from tests.services.gateway.doors import build
from tests.services.support import Answer, Client, Handler, behind, served

TEXT = json.dumps([{"id": number, "name": "USB-C"} for number in range(200)])
LARGE = TEXT * 20
JSON = {"Content-Type": "application/json"}
GZIP = {"Accept-Encoding": "gzip"}


def saying(body: str | bytes, headers: Mapping[str, str] = JSON, status: int = 200) -> Handler:
    async def say(request: web.BaseRequest) -> web.Response:
        return web.Response(body=body.encode() if isinstance(body, str) else body, headers=headers, status=status)

    return say


async def asked(
    registry: discovery.StaticRegistry, handler: Handler, headers: Mapping[str, str] = GZIP, **options: Any
) -> tuple[Answer, bytes]:
    """The answer to a GET, and its bytes as they came."""
    service, path = ("marketplace", "/x") if options.pop("shop", False) else ("echo", "/api/echo/x")
    async with behind(registry, service, handler), served(build(), "gateway", registry) as client:
        return await got(client, path, headers, **options)


async def got(
    client: Client, path: str, headers: Mapping[str, str], method: str = "GET", **options: Any
) -> tuple[Answer, bytes]:
    url = f"http://{client.address}{path}"
    skip = ("Accept-Encoding",)
    async with client.session.request(
        method, url, headers=headers, skip_auto_headers=skip, auto_decompress=False, **options
    ) as response:
        raw = await response.read()
        return Answer(response.status, response.headers, ""), raw


@pytest.mark.parametrize("text", [TEXT, LARGE])
async def test_a_large_text_is_compressed_for_who_takes_it(registry: discovery.StaticRegistry, text: str) -> None:
    answer, raw = await asked(registry, saying(text))

    assert answer.headers["Content-Encoding"] == "gzip"
    assert (answer.headers["Vary"], int(answer.headers["Content-Length"])) == ("Accept-Encoding", len(raw))
    assert len(raw) < len(text) / 4
    assert gzip.decompress(raw) == text.encode()


@pytest.mark.parametrize("text", [TEXT, LARGE])
@pytest.mark.parametrize(
    "takes", ["", "identity", "br", "gzip;q=0", "gzip;q=0.000, *", "*;q=0", "gzip;q=x", "gzip;level=1;q=0", "xgzip"]
)
async def test_who_does_not_take_it_gets_it_plain_and_caches_are_told(
    registry: discovery.StaticRegistry, text: str, takes: str
) -> None:
    answer, raw = await asked(registry, saying(text), {"Accept-Encoding": takes})

    assert raw == text.encode()
    assert ("Content-Encoding" in answer.headers, answer.headers["Vary"]) == (False, "Accept-Encoding")


@pytest.mark.parametrize("takes", ["gzip", "GZip", "br, gzip;q=0.5", "*", "deflate, gzip;q=1.0", "gzip ; q=0.001"])
def test_who_takes_it_says_so_in_several_ways(takes: str) -> None:
    assert compression.is_taken(make_mocked_request("GET", "/", headers={"Accept-Encoding": takes}))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("x" * 1023, JSON, 200),
        ("x" * (1024**2 + 1), JSON, 200),
        (TEXT, {"Content-Type": "image/png"}, 200),
        (TEXT, {"Content-Type": "application/octet-stream"}, 200),
        (TEXT, {"Content-Type": "application/zip"}, 200),
        (TEXT, {**JSON, "Cache-Control": "max-age=5, no-transform"}, 200),
        (TEXT, {**JSON, "Cache-Control": "no-store"}, 200),
        (TEXT, {**JSON, "Cache-Control": "private, max-age=5"}, 200),
        (TEXT, {**JSON, "Content-Range": "bytes 0-9/10"}, 206),
        (Random(7).randbytes(2000), {"Content-Type": "text/plain"}, 200),
    ],
)
async def test_what_is_not_worth_it_or_not_safe_is_left_alone(
    registry: discovery.StaticRegistry, body: str | bytes, headers: Mapping[str, str], status: int
) -> None:
    answer, raw = await asked(registry, saying(body, headers, status))

    assert "Content-Encoding" not in answer.headers
    assert raw == (body.encode() if isinstance(body, str) else body)


async def test_a_client_may_forbid_it(registry: discovery.StaticRegistry) -> None:
    answer, _ = await asked(registry, saying(TEXT), {**GZIP, "Cache-Control": "no-transform"})

    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "sent", "packed"),
    [
        ({"Content-Type": "text/html"}, {}, True),
        ({"Content-Type": "text/html"}, {"Cookie": "basket=1"}, False),
        ({"Content-Type": "text/html", "Set-Cookie": "basket=1"}, {}, False),
        ({"Content-Type": "text/css"}, {"Cookie": "basket=1"}, True),
    ],
)
async def test_a_page_with_a_cookie_s_secrets_does_not_betray_them_by_its_size(
    registry: discovery.StaticRegistry, headers: Mapping[str, str], sent: Mapping[str, str], packed: bool
) -> None:
    answer, _ = await asked(registry, saying(TEXT, headers), {**GZIP, **sent}, shop=True)

    assert ("Content-Encoding" in answer.headers) is packed


async def test_a_stream_passes_as_it_comes(registry: discovery.StaticRegistry) -> None:
    goes_on = asyncio.Event()

    async def stream(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers=JSON)
        await response.prepare(request)
        await response.write(TEXT.encode())
        await goes_on.wait()
        await response.write(TEXT.encode())
        return response

    async with (
        behind(registry, "echo", stream),
        served(build(), "gateway", registry) as client,
        client.session.get(f"http://{client.address}/api/echo/x", headers=GZIP) as response,
    ):
        assert await response.content.readexactly(len(TEXT)) == TEXT.encode()
        assert "Content-Encoding" not in response.headers
        goes_on.set()
        assert await response.read() == TEXT.encode()


async def test_events_pass_as_they_come(registry: discovery.StaticRegistry) -> None:
    events = "data: x\n\n" * 300
    answer, raw = await asked(
        registry, saying(events, {"Content-Type": "text/event-stream"}), {**GZIP, "Accept": "text/event-stream"}
    )
    assert ("Content-Encoding" in answer.headers, raw) == (False, events.encode())


async def test_a_head_is_not_compressed(registry: discovery.StaticRegistry) -> None:
    answer, raw = await asked(registry, saying(TEXT), method="HEAD")

    assert ("Content-Encoding" in answer.headers, raw) == (False, b"")


class Stock:
    """A record with an ETag, which is replaced by whoever knows it (RFC 9110, 13.1)."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.said: list[str | None] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        headers = {**JSON, "ETag": self.tag}
        known = [tag.value for tag in request.if_match or ()]
        self.said.append(request.headers.get("If-Match") or request.headers.get("If-None-Match"))
        if request.method == "PUT":
            return web.Response(status=204 if self.tag.strip('"') in known else 412)
        if any(tag.value == self.tag.removeprefix("W/").strip('"') for tag in request.if_none_match or ()):
            return web.Response(status=304, headers={"ETag": self.tag})
        return web.Response(text=TEXT, headers=headers)


async def test_who_got_a_compressed_answer_can_change_what_he_saw(registry: discovery.StaticRegistry) -> None:
    stock = Stock('"7"')
    async with behind(registry, "echo", stock), served(build(), "gateway", registry) as client:
        packed, _ = await got(client, "/api/echo/x", GZIP)
        plain, _ = await got(client, "/api/echo/x", {"Accept-Encoding": "identity"})
        tags = packed.headers["ETag"], plain.headers["ETag"]
        changed = [(await got(client, "/api/echo/x", {"If-Match": tag}, "PUT"))[0].status for tag in tags]
        refused, _ = await got(client, "/api/echo/x", {"If-Match": '"6;gz", "8"'}, "PUT")
        same = [(await got(client, "/api/echo/x", {**GZIP, "If-None-Match": tag}))[0] for tag in tags]

    assert tags == ('"7;gz"', '"7"'), "they are not the same bytes, so not the same tag"
    assert (changed, refused.status) == ([204, 204], 412)
    assert [answer.status for answer in same] == [304, 304]
    assert tuple(answer.headers["ETag"] for answer in same) == tags
    assert stock.said == [None, None, '"7"', '"7"', '"6", "8"', '"7"', '"7"']


async def test_a_weak_tag_stays_as_it_is(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "echo", Stock('W/"7"')), served(build(), "gateway", registry) as client:
        packed, _ = await got(client, "/api/echo/x", GZIP)
        same, _ = await got(client, "/api/echo/x", {**GZIP, "If-None-Match": packed.headers["ETag"]})

    assert (packed.headers["Content-Encoding"], packed.headers["ETag"], same.status) == ("gzip", 'W/"7"', 304)


async def test_a_part_of_the_plain_answer_does_not_go_on_from_a_compressed_one(
    registry: discovery.StaticRegistry,
) -> None:
    said: list[str | None] = []

    async def remember(request: web.BaseRequest) -> web.Response:
        said.append(request.headers.get("If-Range"))
        return web.Response(text=TEXT, headers={**JSON, "ETag": '"7"', "Accept-Ranges": "bytes"})

    async with behind(registry, "echo", remember), served(build(), "gateway", registry) as client:
        answer, _ = await got(client, "/api/echo/x", {**GZIP, "If-Range": '"7;gz"', "Range": "bytes=9-"})

    assert said == ['"7;gz"'], "which the service does not know, so it sends all"
    assert "Accept-Ranges" not in answer.headers


async def test_an_answer_that_breaks_off_before_it_was_read_is_no_answer(registry: discovery.StaticRegistry) -> None:
    answer, _ = await asked(registry, breaking_off(500_000, JSON))
    assert (answer.status, "Content-Encoding" in answer.headers) == (502, False)


async def test_what_the_gateway_says_itself_is_compressed_as_well(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "LEAST_BYTES", 10)
    async with behind(registry, "echo", saying("")), served(build(), "gateway", registry) as client:
        answer, raw = await got(client, "/api", GZIP)

    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert "services" in json.loads(gzip.decompress(raw) if "Content-Encoding" in answer.headers else raw)
