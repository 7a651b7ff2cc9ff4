"""An agent that misbehaves on command, as its clients see it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from discovery.devagent import Devagent
from discovery.devagent.faults import DOOR, Faults
from discovery.devagent.refusal import Refused
from discovery.devagent.routes.fault import show
from discovery.testing.clock import FakeClock
from tests.contract.api import PATIENCE_S, Api

HEALTH = "/v1/health/service/web"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def faults(clock: FakeClock) -> Faults:
    return Faults(clock)


@pytest.fixture
async def api(faults: Faults) -> AsyncIterator[Api]:
    async with Devagent(faults=faults) as agent, aiohttp.ClientSession(agent.url) as session:
        api = Api(session)
        await api.register("web", Check={"TTL": "1h", "Status": "passing"})
        yield api


async def blocked(api: Api, path: str) -> tuple[int, asyncio.Task[Any]]:
    """The index of now, and a reader that waits for another."""
    index = (await api.get(path)).index
    reader = asyncio.create_task(api.get(path, index=str(index), wait="60s"))
    # Its request is in the agent when one that was sent after it is answered.
    for _ in range(3):
        await api.get("/v1/agent/self")
    assert not reader.done()
    return index, reader


async def test_an_agent_that_lags_sends_its_answers_late(api: Api, faults: Faults, clock: FakeClock) -> None:
    with faults.lags(2):
        asking = asyncio.create_task(api.get(HEALTH))
        while not clock.sleepers:
            await asyncio.wait([asking], timeout=0.001)
        await clock.advance(1.9)
        assert not asking.done()
        await clock.advance(0.2)
        assert len((await asking).json) == 1
    assert len((await api.get(HEALTH)).json) == 1


async def test_without_a_leader_the_servers_answer_nothing_and_the_agent_goes_on(api: Api, faults: Faults) -> None:
    with faults.loses_leader():
        for path in (HEALTH, "/v1/catalog/services", "/v1/catalog/service/web", "/v1/kv/a", "/v1/health/checks/web"):
            answer = await api.get(path)
            assert (answer.status, answer.text) == (500, "No cluster leader"), path
        assert (await api.put("/v1/kv/a", "1")).status == 500
        await api.register("late")
        assert set((await api.get("/v1/agent/services")).json) == {"web", "late"}
        assert (await api.get("/v1/catalog/datacenters")).status == 200
    assert (await api.get(HEALTH)).status == 200


async def test_without_a_leader_a_stale_read_says_so(api: Api, faults: Faults, clock: FakeClock) -> None:
    with faults.loses_leader():
        await clock.advance(3)
        answer = await api.get(HEALTH, stale="")
        assert (len(answer.json), answer.header("X-Consul-KnownLeader")) == (1, "false")
        assert answer.header("X-Consul-LastContact") == "3000"


async def test_without_a_leader_who_reads_a_services_health_by_its_index_is_told_of_changes(
    api: Api, faults: Faults
) -> None:
    _, before = await blocked(api, HEALTH)
    with faults.loses_leader():
        await api.done("/v1/agent/check/fail/service:web")
        answer = await before
        assert answer.json[0]["Checks"][1]["Status"] == "critical"
        assert (await api.get(HEALTH, index=str(answer.index), wait="1ms")).status == 200


async def test_an_emptied_catalogue_wakes_who_waits_by_a_new_index_and_comes_back(api: Api, faults: Faults) -> None:
    index, reader = await blocked(api, HEALTH)
    with faults.empties():
        answer = await reader
        assert (answer.json, answer.index) == ([], index + 1)
        assert (await api.get("/v1/catalog/services")).json == {"consul": []}
        assert (await api.get("/v1/catalog/service/web", consistent="")).json == []
        assert len((await api.get("/v1/catalog/service/consul")).json) == 1
        _, reader = await blocked(api, HEALTH)
    answer = await reader
    assert (len(answer.json), answer.index) == (1, index + 2)


async def test_an_index_that_goes_back_wakes_who_waits_and_changes_move_it_on(api: Api, faults: Faults) -> None:
    index, reader = await blocked(api, HEALTH)
    faults.regresses_index()
    lower = (await reader).index
    assert 1 <= lower < index
    async with asyncio.timeout(PATIENCE_S):
        assert (await api.get(HEALTH, index=str(index), wait="60s")).index == lower
    _, reader = await blocked(api, HEALTH)
    await api.done("/v1/agent/check/fail/service:web")
    assert (await reader).index > lower
    faults.recovers()
    assert (await api.get(HEALTH)).index < index


async def test_an_agent_that_hangs_answers_when_it_goes_on(api: Api, faults: Faults) -> None:
    fault = faults.hangs()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await api.get("/v1/agent/self")
    asking = asyncio.create_task(api.get("/v1/agent/self"))
    await asyncio.wait([asking], timeout=0.01)
    assert not asking.done()
    fault.recovers()
    assert (await asking).status == 200


@pytest.mark.parametrize(
    ("status", "words"), [(403, "Permission denied"), (429, "too many concurrent"), (503, "refuse")]
)
async def test_a_refusal_is_the_answer_to_everything(api: Api, faults: Faults, status: int, words: str) -> None:
    with faults.refuses(status):
        answer = await api.get("/v1/agent/self")
        assert (answer.status, words in answer.text) == (status, True)
        assert answer.header("Connection") == ("close" if status == 429 else "")
    assert (await api.get("/v1/agent/self")).status == 200


async def test_what_it_forgets_is_gone_from_the_agent_and_from_the_catalogue(api: Api, faults: Faults) -> None:
    await api.done("/v1/agent/check/register", {"Name": "disk", "TTL": "1h"})
    _, reader = await blocked(api, HEALTH)
    faults.forgets()
    assert (await reader).json == []
    assert (await api.get("/v1/agent/services")).json == {}
    assert (await api.get("/v1/agent/checks")).json == {}


async def test_all_that_lasts_ends_at_once(api: Api, faults: Faults) -> None:
    faults.lags(1)
    faults.loses_leader()
    faults.empties()
    faults.hangs()
    faults.refuses()
    assert faults.in_force == {
        "lags": 1,
        "loses_leader": True,
        "empties": True,
        "hangs": True,
        "refuses": 429,
    }
    faults.recovers()
    assert faults.in_force == {}
    assert len((await api.get(HEALTH)).json) == 1


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_lag_is_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="number of seconds"):
        Faults().lags(seconds)


def test_a_refusal_is_an_error_status() -> None:
    with pytest.raises(ValueError, match="400 to 599"):
        Faults().refuses(200)


async def test_it_is_commanded_over_http_and_a_fault_never_shuts_that_door(api: Api) -> None:
    answer = await api.done(DOOR, {"refuses": 503, "hangs": True})
    assert answer.json == {"hangs": True, "refuses": 503}
    assert (await api.get(DOOR)).json == answer.json
    assert (await api.ask("DELETE", DOOR)).json == {}
    assert (await api.get("/v1/agent/self")).status == 200


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ({"burns": True}, 'unknown fault "burns": there are empties, forgets'),
        ({"lags": -1}, "lags takes a number of seconds"),
        ({"lags": True}, "lags takes a number of seconds"),
        ({"lags": 1e999}, "lags takes a number of seconds"),
        ({"refuses": 200}, "refuses takes a status from 400 to 599"),
        ({"hangs": False}, "hangs takes true"),
        ({"empties": True, "hangs": 1}, "hangs takes true"),
        ({}, 'a fault is said as an object, such as {"lags": 2}'),
        ([], "a fault is said as an object"),
        ("{", "Request decode failed"),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused_whole(api: Api, command: Any, words: str) -> None:
    answer = await api.put(DOOR, command)
    assert (answer.status, words in answer.text) == (400, True), answer.text
    assert (await api.get(DOOR)).json == {}


async def test_an_agent_that_was_not_told_to_obey_has_no_such_door() -> None:
    async with Devagent() as agent, aiohttp.ClientSession(agent.url) as session:
        assert (await Api(session).put(DOOR, {"hangs": True})).status == 404


async def test_a_process_obeys_where_it_was_started_so() -> None:
    command = (sys.executable, "-m", "discovery.devagent", "--port", "0", "--faults")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with aiohttp.ClientSession(url) as session:
            assert (await Api(session).put(DOOR, {"refuses": 429})).json == {"refuses": 429}
            assert (await Api(session).get("/v1/agent/self")).status == 429
    finally:
        process.terminate()
        await process.wait()


async def test_it_is_commanded_from_this_host_alone() -> None:
    request = make_mocked_request("GET", DOOR).clone(remote="192.0.2.1")
    with pytest.raises(Refused, match="from this host alone"):
        await show(request)
