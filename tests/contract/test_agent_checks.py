"""Checks of an agent: their defaults, those that are told, and those that the agent makes itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.contract.api import LONG, PATIENCE_S, Api

CHECK_KEYS = {
    "Node", "CheckID", "Name", "Status", "Notes", "Output", "ServiceID", "ServiceName", "ServiceTags", "Type",
    "Interval", "Timeout", "ExposedPort", "Definition", "CreateIndex", "ModifyIndex",
}  # fmt: skip


async def local(api: Api, check_id: str) -> dict[str, Any]:
    checks: dict[str, dict[str, Any]] = (await api.get("/v1/agent/checks")).json
    return checks[check_id]


async def until(api: Api, service: str, expected: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The only check of a service, once it is as *expected*."""
    index = "0"
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await api.get(f"/v1/health/checks/{service}", index=index, wait=LONG)
            for check in answer.json:
                if expected(check):
                    return dict(check)
            index = str(answer.index)


async def settled(api: Api, service: str, *, but: str = "critical") -> dict[str, Any]:
    """The only check of a service, once its status is another."""
    return await until(api, service, lambda check: check["Status"] != but)


async def test_a_check_is_critical_until_it_was_made(api: Api, name: str) -> None:
    await api.register(name, Tags=["blue"], Check={"HTTP": "http://127.0.0.1:1/", "Interval": "1h", "Timeout": "90s"})
    check = await local(api, f"service:{name}")
    assert set(check) == CHECK_KEYS
    assert (check["Status"], check["Output"], check["Type"]) == ("critical", "", "http")
    assert (check["Name"], check["Interval"], check["Timeout"]) == (f"Service '{name}' check", "1h0m0s", "1m30s")
    assert (check["ServiceID"], check["ServiceName"], check["ServiceTags"]) == (name, name, ["blue"])
    assert (check["CreateIndex"], check["ModifyIndex"], check["Node"]) == (0, 0, await api.node())


async def test_a_check_may_begin_with_a_status(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "passing", "Notes": "why", "Name": "mine"})
    check = await local(api, f"service:{name}")
    assert (check["Status"], check["Notes"], check["Name"], check["Type"]) == ("passing", "why", "mine", "ttl")
    assert (check["Interval"], check["Timeout"]) == ("", "")


async def test_several_checks_are_numbered(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"}, Checks=[{"TTL": "1h"}, {"TTL": "1h", "CheckID": f"{name}-own"}])
    await api.until_catalogued(name)
    assert set(await api.checks(name)) == {f"service:{name}:1", f"service:{name}:2", f"{name}-own"}


async def test_an_empty_check_is_none(api: Api, name: str) -> None:
    await api.register(name, Check={}, Checks=[])
    await api.until_catalogued(name)
    assert await api.checks(name) == {}


@pytest.mark.parametrize("options", [{}, {"replace-existing-checks": "true"}])
async def test_registering_again_keeps_the_status_of_a_check(api: Api, name: str, options: dict[str, str]) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.done(f"/v1/agent/check/warn/service:{name}", note="so so")
    again = {"ID": name, "Name": name, "Meta": {"boot": "2"}, "Check": {"TTL": "1h", "Status": "passing"}}
    await api.done("/v1/agent/service/register", again, **options)
    check = await local(api, f"service:{name}")
    assert (check["Status"], check["Output"]) == ("warning", "so so")


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ({"Name": "x"}, "Invalid check: TTL must be > 0 for TTL checks"),
        ({"TTL": "-1s"}, "Invalid check: TTL must be > 0 for TTL checks"),
        (
            {"HTTP": "http://127.0.0.1:1/"},
            "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks",
        ),
        (
            {"TTL": "1s", "HTTP": "http://x", "Interval": "1s"},
            "Invalid check: Interval and TTL cannot both be specified",
        ),
        ({"TTL": "1s", "Status": "bogus"}, "Status for checks must 'passing', 'warning', 'critical'"),
        ({"TTL": "bogus"}, 'Request decode failed: time: invalid duration "bogus"'),
        ({"TTL": "5"}, 'Request decode failed: time: missing unit in duration "5"'),
        (
            {"TTL": "1s", "DeregisterCriticalServiceAfter": "x"},
            'Request decode failed: time: invalid duration "x"',
        ),
    ],
)
async def test_a_check_that_makes_no_sense_is_refused(api: Api, name: str, check: dict[str, Any], problem: str) -> None:
    answer = await api.put("/v1/agent/service/register", {"Name": name, "Check": check})
    assert (answer.status, answer.text) == (400, problem)


async def test_word_sets_a_ttl_check(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    check_id = f"service:{name}"
    for word, status in (("pass", "passing"), ("warn", "warning"), ("fail", "critical")):
        await api.done(f"/v1/agent/check/{word}/{check_id}", note=f"says {word}")
        check = await local(api, check_id)
        assert (check["Status"], check["Output"]) == (status, f"says {word}")
    await api.done(f"/v1/agent/check/update/{check_id}", {"Status": "passing", "Output": "fine"})
    check = await local(api, check_id)
    assert (check["Status"], check["Output"]) == ("passing", "fine")


async def test_only_a_change_of_status_is_written_to_the_catalog_at_once(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.done(f"/v1/agent/check/pass/service:{name}", note="first")
    await settled(api, name)
    await api.done(f"/v1/agent/check/pass/service:{name}", note="second")
    assert (await local(api, f"service:{name}"))["Output"] == "second"
    assert (await api.checks(name))[f"service:{name}"]["Output"] == "first"


async def test_long_output_is_cut(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    await api.done(f"/v1/agent/check/update/service:{name}", {"Status": "passing", "Output": "x" * 5000})
    check = await local(api, f"service:{name}")
    assert check["Output"] == "x" * 4096 + " ... (captured 4096 of 5000 bytes)"


async def test_silence_is_critical(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "50ms", "Status": "passing"})
    assert (await settled(api, name, but="passing"))["Output"] == "TTL expired"
    await api.done(f"/v1/agent/check/pass/service:{name}", note="well")
    expired = "TTL expired (last output before timeout follows): well"
    assert (await until(api, name, lambda check: check["Output"] == expired))["Status"] == "critical"


async def test_word_for_a_check_that_takes_none_is_refused(api: Api, name: str) -> None:
    await api.register(name, Check={"HTTP": "http://127.0.0.1:1/", "Interval": "1h"})
    answer = await api.put(f"/v1/agent/check/pass/service:{name}")
    assert (answer.status, answer.text) == (500, f'CheckID "service:{name}" does not have associated TTL')


@pytest.mark.parametrize(("sent", "problem"), [({"Status": "ill"}, "'ill'"), ({}, "''")])
async def test_word_without_a_status_is_refused(api: Api, name: str, sent: dict[str, str], problem: str) -> None:
    await api.register(name, Check={"TTL": "1h"})
    answer = await api.put(f"/v1/agent/check/update/service:{name}", sent)
    assert (answer.status, answer.text) == (400, f"Invalid check status: {problem}")


async def test_an_unknown_check_is_refused_in_words(api: Api, name: str) -> None:
    hint = f'Unknown check ID "{name}". Ensure that the check ID is passed, not the check name.'
    for path in ("pass", "warn", "fail", "deregister"):
        answer = await api.put(f"/v1/agent/check/{path}/{name}")
        assert (answer.status, answer.text) == (404, hint)
    answer = await api.put(f"/v1/agent/check/update/{name}", {"Status": "passing"})
    assert (answer.status, answer.text) == (404, hint)


async def test_a_check_comes_and_goes_without_its_service(api: Api, name: str) -> None:
    await api.register(name)
    await api.done("/v1/agent/check/register", {"Name": f"{name}-extra", "ServiceID": name, "TTL": "1h"})
    await settled(api, name, but="")
    check = await local(api, f"{name}-extra")
    assert (check["Status"], check["ServiceName"]) == ("critical", name)
    await api.done(f"/v1/agent/check/deregister/{name}-extra")
    assert f"{name}-extra" not in (await api.get("/v1/agent/checks")).json
    for sent, status, problem in (
        ({"TTL": "1h"}, 400, "Missing check name"),
        ({"Name": name, "TTL": "1h", "ServiceID": "none"}, 404, 'ServiceID "none" does not exist'),
        ({"Name": name}, 400, "Invalid check: TTL must be > 0 for TTL checks"),
    ):
        answer = await api.put("/v1/agent/check/register", sent)
        assert (answer.status, answer.text) == (status, problem)


@pytest.fixture
async def checked() -> AsyncIterator[str]:
    """A server that answers with the status that the path asks for."""

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/moved":
            raise web.HTTPFound("/200")
        if request.path == "/large":
            return web.Response(text="x" * 5000)
        return web.Response(status=int(request.path[1:]), text=request.headers.get("Asked", "hello"))

    app = web.Application()
    app.router.add_route("*", "/{status}", handler)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}"


ASKED = {
    "200": ("passing", "HTTP GET {url}: 200 OK Output: hello"),
    "204": ("passing", "HTTP GET {url}: 204 No Content Output: "),
    "moved": ("passing", "HTTP GET {url}: 200 OK Output: hello"),
    "large": ("passing", "HTTP GET {url}: 200 OK Output: " + "x" * 4096),
    "429": ("warning", "HTTP GET {url}: 429 Too Many Requests Output: hello"),
    "404": ("critical", "HTTP GET {url}: 404 Not Found Output: hello"),
    "503": ("critical", "HTTP GET {url}: 503 Service Unavailable Output: hello"),
}


async def test_the_agent_asks_by_itself(api: Api, name: str, checked: str) -> None:
    for path, (status, _) in ASKED.items():
        before = "passing" if status == "critical" else "critical"
        check = {"HTTP": f"{checked}/{path}", "Interval": "1s", "Timeout": "5s", "Status": before}
        await api.register(f"{name}-{path}", Check=check)
    for path, (status, output) in ASKED.items():
        before = "passing" if status == "critical" else "critical"
        check = await settled(api, f"{name}-{path}", but=before)
        assert (check["Status"], check["Output"]) == (status, output.format(url=f"{checked}/{path}"))


async def test_the_agent_asks_as_it_is_told(api: Api, name: str, checked: str) -> None:
    check = {"HTTP": f"{checked}/200", "Interval": "1s", "Method": "POST", "Header": {"Asked": ["so"]}}
    await api.register(name, Check=check)
    assert (await settled(api, name))["Output"] == f"HTTP POST {checked}/200: 200 OK Output: so"


async def test_a_server_that_is_not_there_is_critical(api: Api, name: str) -> None:
    await api.register(name, Check={"HTTP": "http://127.0.0.1:1/", "Interval": "1s", "Status": "passing"})
    check = await settled(api, name, but="passing")
    assert check["Status"] == "critical"
    assert check["Output"].startswith('Get "http://127.0.0.1:1/": ')
