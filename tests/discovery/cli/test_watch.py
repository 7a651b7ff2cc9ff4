"""`mesh watch`, as a process: changes as they happen, Consul coming and going, Ctrl-C."""

from __future__ import annotations

import json
import re
from random import Random

import aiohttp
import pytest

from discovery.cli.consul import Consul
from discovery.cli.watch import Watch
from discovery.config import MeshConfig
from discovery.devagent import Devagent
from discovery.testing.clock import FakeClock
from tests.contract.api import Api
from tests.discovery.cli.lying import Liar, Lie
from tests.discovery.cli.programs import interrupted, line, program

TIME = re.compile(r"\d\d:\d\d:\d\d ")


async def register(agent: Api, number: int, port: int = 0) -> None:
    check = {"CheckID": f"service:ports-{number}", "TTL": "60s", "Status": "passing"}
    place = {"Address": "127.0.0.1", "Port": port or 4000 + number}
    await agent.register("ports", ID=f"ports-{number}", Check=check, **place)


async def test_the_view_comes_first_and_then_each_change(agent: Api) -> None:
    await register(agent, 1)

    async with program("watch", "ports") as process:
        assert await line(process) == "ports: 1 registered"
        assert await line(process) == "  ports-1  127.0.0.1:4001  passing"

        async def change() -> str:
            said = await line(process)
            assert TIME.match(said)
            return said[9:]

        await register(agent, 2)
        assert await change() == "+ ports-2  127.0.0.1:4002  passing"
        await agent.done("/v1/agent/check/fail/service:ports-2", note="disk\nfull")
        assert await change() == "~ ports-2  passing → critical: disk full"
        await agent.done("/v1/agent/check/pass/service:ports-2")
        assert await change() == "~ ports-2  critical → passing"
        await register(agent, 1, port=5001)
        assert await change() == "~ ports-1  127.0.0.1:4001 → 127.0.0.1:5001"
        await agent.done("/v1/agent/service/deregister/ports-1")
        assert await change() == "- ports-1  127.0.0.1:5001"

        assert await interrupted(process) == (130, "\n")


async def test_json_is_a_line_for_each(agent: Api) -> None:
    async with program("watch", "ports", "--json") as process:
        first = json.loads(await line(process))
        await register(agent, 1)
        second = json.loads(await line(process))

    assert first == {"event": "view", "service": "ports", "instances": [], "doubt": ""}
    assert (second["event"], second["instance"]["address"]) == ("added", "127.0.0.1:4001")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", second["at"])


async def test_consul_going_away_is_said_once_and_so_is_its_return(agent: Api) -> None:
    async with Devagent() as first, program("watch", "ports", CONSUL_HTTP_ADDR=first.url) as process:
        port = int(first.url.rpartition(":")[2])
        async with aiohttp.ClientSession(first.url) as session:
            await register(Api(session), 1)
            assert (await line(process)).startswith("ports: ")
            while "passing" not in await line(process):
                pass
        await first.__aexit__(None, None, None)
        assert re.search(r"! Consul at http://127\.0\.0\.1:\d+ .*; the last view stays$", await line(process))

        async with Devagent(port=port) as second:
            assert (await line(process)).endswith(f"! Consul at {second.url} answers again")
            assert (await line(process)).endswith("- ports-1  127.0.0.1:4001")
            assert await interrupted(process) == (130, "\n")


def test_however_often_consul_fails_it_is_said_once(liar: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    view, failure = Lie(b"[]", headers={"X-Consul-Index": "5"}), Lie(b"\x1b[31mboom", 500)
    liar.lies["/v1/health/service/ports"] = [view, *[failure] * 8, view, failure]

    def pause(seconds: float) -> None:
        if len(liar.asked) == 11:
            raise KeyboardInterrupt

    with Consul(MeshConfig(name="tests", consul_url=liar.url)) as consul:
        watch = Watch(consul, "ports")
        watch.begin()
        with pytest.raises(KeyboardInterrupt):
            watch.follow(FakeClock(), pause, Random(1))

    said = capsys.readouterr().out.splitlines()
    assert [re.sub(r"http://[\d.:]+", "URL", each[9:]) for each in said[1:]] == [
        r"! Consul at URL is unwell (500 \x1b[31mboom): see its log; the last view stays",
        "! Consul at URL answers again",
        r"! Consul at URL is unwell (500 \x1b[31mboom): see its log; the last view stays",
    ]


async def test_an_empty_answer_that_consul_itself_doubts_is_not_believed(liar: Liar) -> None:
    row = {"Service": {"ID": "ports-1", "Service": "ports", "Address": "127.0.0.1", "Port": 4001}}
    liar.lies["/v1/health/service/ports"] = [
        Lie(json.dumps([row]).encode(), headers={"X-Consul-Index": "5"}),
        Lie(b"[]", headers={"X-Consul-Index": "6", "X-Consul-Results-Filtered-By-ACLs": "true"}),
    ]

    async with program("watch", "ports") as process:
        said = [await line(process) for _ in range(3)]

    assert said[1].strip() == "ports-1  127.0.0.1:4001  passing"
    assert "! Consul shows nobody, but the token may not see all of them: it needs" in said[2]


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
async def test_what_strangers_wrote_stays_on_its_line(liar: Liar, form: tuple[str, ...]) -> None:
    hostile = "\x1b[2J\n\u202e\x9b" + "x" * 10_000
    row = {"Service": {"ID": hostile, "Service": "ports", "Address": hostile, "Port": 1}}
    liar.lies["/v1/health/service/ports"] = [
        Lie(b"[]", headers={"X-Consul-Index": "5"}),
        Lie(json.dumps([row]).encode(), headers={"X-Consul-Index": "6"}),
    ]

    async with program("watch", "ports", *form) as process:
        await line(process)
        said = await line(process)

    assert "added" in said or "+" in said
    assert not set(said) & set("\x1b\x9b\u202e")
