"""What a stranger may send: it is bounded, and what is not understood is not dropped in silence."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from discovery.devagent import Devagent, filters, shapes
from discovery.devagent.refusal import Refused


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with Devagent() as agent, aiohttp.ClientSession(agent.url) as opened:
        yield opened


async def refused(session: aiohttp.ClientSession, path: str, body: Any) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with session.put(path, data=data) as response:
        return response.status, await response.text()


@pytest.mark.parametrize(
    ("field", "value"), [("Kind", "connect-proxy"), ("Proxy", {"x": 1}), ("Connect", {"Native": True}), ("Token", "x")]
)
async def test_what_only_a_real_consul_does_is_refused(session: aiohttp.ClientSession, field: str, value: Any) -> None:
    status, text = await refused(session, "/v1/agent/service/register", {"Name": "x", field: value})
    assert (status, f"does not support {field}: use a real Consul" in text) == (400, True)
    empty = type(value)()
    assert (await refused(session, "/v1/agent/service/register", {"Name": "x", field: empty}))[0] == 200


@pytest.mark.parametrize("check", [{"TCP": "x:1", "Interval": "1s"}, {"Args": ["x"], "Interval": "1s"}, {"GRPC": "x"}])
async def test_a_check_that_is_not_made_here_is_refused(session: aiohttp.ClientSession, check: Any) -> None:
    status, text = await refused(session, "/v1/agent/service/register", {"Name": "x", "Check": check})
    assert (status, f"does not support Check.{next(iter(check))}: use a real Consul" in text) == (400, True)
    async with session.get("/v1/agent/services") as response:
        assert await response.json() == {}


async def test_locks_and_addressed_events_are_refused(session: aiohttp.ClientSession) -> None:
    assert (await refused(session, "/v1/kv/a?acquire=x", b""))[0] == 400
    assert (await refused(session, "/v1/event/fire/a?service=x", b""))[0] == 400


@pytest.mark.parametrize(
    "path", ["/v1/agent/service/register", "/v1/agent/check/update/x", "/v1/catalog/register", "/v1/event/fire/x"]
)
async def test_a_body_has_a_limit(session: aiohttp.ClientSession, path: str) -> None:
    status, text = await refused(session, path, b" " * (512 * 1024 + 1))
    assert (status, "too large" in text) == (413, True)


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"Name":' * 50_000, b"\xff\xfe", b'{"Name": NaN}'])
async def test_strange_json_is_refused(session: aiohttp.ClientSession, body: bytes) -> None:
    status, text = await refused(session, "/v1/agent/service/register", body)
    assert (status, text.startswith("Request decode failed: ")) == (400, True)


@pytest.mark.parametrize(
    "body",
    [
        {"Name": "x", "Port": 10**30},
        {"Name": "x", "Check": {"TTL": 10**400}},
        {"Name": "x", "Check": {"TTL": "9" * 400 + "s"}},
        {"Name": "x", "Check": {"HTTP": "http://x", "Interval": "1000000h1s", "Timeout": "999999999h"}},
        {"Name": "x", "Port": True},
        {"Name": "x", "Port": 1.5},
    ],
)
async def test_numbers_have_limits(session: aiohttp.ClientSession, body: Any) -> None:
    status, text = await refused(session, "/v1/agent/service/register", body)
    assert (status, text.startswith("Request decode failed: ")) == (400, True)


async def test_an_index_has_64_bits(session: aiohttp.ClientSession) -> None:
    for index, status in ((str(2**64), 400), ("9" * 5000, 400)):
        async with session.get("/v1/catalog/services", params={"index": index}) as response:
            assert response.status == status
    async with session.get("/v1/catalog/services", params={"index": str(2**64 - 1), "wait": "1ms"}) as response:
        assert response.status == 200


async def test_half_a_character_is_replaced(session: aiohttp.ClientSession) -> None:
    body = b'{"Name": "half-\\ud800", "Meta": {"a": "\\udfff"}}'
    assert (await refused(session, "/v1/agent/service/register", body))[0] == 200
    for path in ("/v1/agent/services", "/v1/catalog/services", "/ui/"):
        async with session.get(path) as response:
            assert (response.status, "half-?" in await response.text()) == (200, True)


async def test_a_name_cannot_write_a_header(session: aiohttp.ClientSession) -> None:
    async with session.get("/v1/agent/health/service/id/a%0dX-Evil:%201") as response:
        assert response.status == 404
        assert response.headers["X-Consul-Reason"] == "ServiceId a X-Evil: 1 not found"


async def test_an_entry_is_written_whole_or_not_at_all(session: aiohttp.ClientSession) -> None:
    entry = {"Node": "n", "Address": "a", "Service": {"Service": "s"}, "Check": {"Name": "c", "ServiceID": "none"}}
    assert (await refused(session, "/v1/catalog/register", entry))[0] == 500
    ill = {**entry, "Check": {"Name": "c", "Status": "bogus"}}
    assert await refused(session, "/v1/catalog/register", ill) == (400, "Invalid check status: 'bogus'")
    async with session.get("/v1/catalog/nodes") as response:
        assert [node["Node"] for node in await response.json()] == ["devagent"]


@pytest.mark.parametrize("value", ["(a+)+$", "a*a*a*b", "(x){5}", "a{1,9}a{1,9}a{1,9}"])
def test_an_expression_that_could_take_for_ever_is_refused(value: str) -> None:
    with pytest.raises(Refused, match="at most 2 repetitions, and none of a group"):
        filters.compile(f'Service.ID matches "{value}"', shapes.ENDPOINT)


@pytest.mark.parametrize("value", ["^v[0-9]+\\.[0-9]+$", "blue|green", "^(a|b)c$"])
def test_an_ordinary_expression_is_taken(value: str) -> None:
    test = filters.compile(f"Service.ID matches `{value}`", shapes.ENDPOINT)
    assert [test({"Service": {"ID": word}}) for word in ("v1.12", "blue", "ac", "none")].count(True) == 1


@pytest.mark.parametrize("text", ["(" * 5000, "not " * 5000 + "Service.ID == x"])
def test_a_filter_has_a_depth(text: str) -> None:
    with pytest.raises(Refused, match="nested deeper than 64 levels"):
        filters.compile(text, shapes.ENDPOINT)


async def test_only_the_last_events_are_kept(session: aiohttp.ClientSession) -> None:
    for number in range(260):
        async with session.put(f"/v1/event/fire/e{number}"):
            pass
    async with session.get("/v1/event/list") as response:
        kept = [event["Name"] for event in await response.json()]
    assert (len(kept), kept[0], kept[-1]) == (256, "e4", "e259")
