"""`mesh trace`: where it looks, what it prints, how long it waits."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import click
import pytest

from discovery.cli import main as cli
from discovery.cli.exits import COULD_NOT_RUN, FAILED, OK
from discovery.devagent import Devagent
from discovery.errors import ConfigError
from discovery.testing.servers import answers_garbage, misbehaving, refusing
from observability.lookup import NoConsole, console_url, normal, show
from tests.contract.api import Api
from tests.discovery.cli.lying import Liar, Lie, lying
from tests.observability.test_jaeger import ANSWER, ATTEMPT, CALL, REQUEST, TRACE, document, span

PATH = f"/api/traces/{TRACE}"
TREE = [
    "shop-1  GET /laptops/{id}  200  20.5 ms",
    "└─ call ports  20.5 ms",
    "   └─ attempt 1 → ports-2  503  20.5 ms  nacked",
    "      └─ ports-2  GET /ports  20.5 ms  failed",
]


@pytest.fixture
def jaeger() -> Iterator[Liar]:
    with lying() as server:
        server.lies[PATH] = Lie(document(REQUEST, CALL, ATTEMPT, ANSWER))
        yield server


@pytest.fixture
async def agent(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    async with Devagent() as devagent, aiohttp.ClientSession(devagent.url) as session:
        monkeypatch.setenv("CONSUL_HTTP_ADDR", devagent.url)
        yield Api(session)


def nobody_waits(seconds: float) -> None:
    pytest.fail(f"waited for {seconds} s")


def test_a_trace_is_printed_as_a_tree(jaeger: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["trace", TRACE, "--from", jaeger.url]) == OK

    assert capsys.readouterr() == ("\n".join(TREE) + "\n", "")


def test_json_is_the_nodes_of_the_tree(jaeger: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["trace", TRACE.upper(), "--from", jaeger.url, "--json"]) == OK

    said = json.loads(capsys.readouterr().out)
    assert said["trace_id"] == TRACE
    assert [(node["depth"], node["attempt"], node["status"]) for node in said["nodes"]] == [
        *((0, 0, 200), (1, 0, None), (2, 1, 503), (3, 0, None)),
    ]


def test_a_trace_that_is_not_there_yet_is_waited_for(jaeger: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    missing = Lie(b'{"data": null, "errors": [{"code": 404, "msg": "trace not found"}]}', 404)
    jaeger.lies[PATH] = [missing, missing, Lie(document(REQUEST))]
    pauses: list[float] = []

    assert show(TRACE, jaeger.url, pauses.append, as_json=False) == OK
    assert capsys.readouterr() == (TREE[0] + "\n", f"mesh: waiting for trace {TRACE} …\n")
    assert len(pauses) == 2


def test_a_trace_that_never_comes_is_a_failure_after_three_seconds(
    jaeger: Liar, capsys: pytest.CaptureFixture[str]
) -> None:
    jaeger.lies[PATH] = Lie(b'{"data": []}')
    pauses: list[float] = []

    assert show(TRACE, jaeger.url, pauses.append, as_json=False) == FAILED
    assert sum(pauses) == 3
    out, err = capsys.readouterr()
    assert out == ""
    waiting, said = err.splitlines()
    assert waiting == f"mesh: waiting for trace {TRACE} …"
    assert said.startswith(f"mesh: no trace {TRACE} at {jaeger.url}: was it sampled")


def test_names_from_strangers_stay_on_their_line(jaeger: Liar, capsys: pytest.CaptureFixture[str]) -> None:
    jaeger.lies[PATH] = Lie(document(span(1, "\x1b[2J\n\u202e" + "x" * 10_000)))

    for form in ([], ["--json"]):
        assert cli.run(["trace", TRACE, "--from", jaeger.url, *form]) == OK
        out = capsys.readouterr().out
        assert out.count("\n") == 1
        assert not set(out) & set("\x1b\u202e")


async def test_what_is_no_console_is_told_as_such(capfd: pytest.CaptureFixture[str]) -> None:
    async with misbehaving(answers_garbage) as server:
        garbage = await asyncio.to_thread(cli.run, ["trace", TRACE, "--from", f"http://me:geheim@{server.address}"])
    with refusing() as address:
        refused = await asyncio.to_thread(cli.run, ["trace", TRACE, "--from", address])

    err = capfd.readouterr().err
    assert (garbage, refused) == (COULD_NOT_RUN, COULD_NOT_RUN)
    assert err.count("\n") == 2
    assert "cannot be asked" in err
    assert "geheim" not in err


@pytest.mark.parametrize(
    "lie", [Lie(b"<html>"), Lie(b"[" * 100_000), Lie(b"{}"), Lie(b"", 500), Lie(b"", 302), Lie(b"hello", 404)]
)
def test_an_answer_that_is_not_jaeger_s_is_told_as_such(
    jaeger: Liar, lie: Lie, capsys: pytest.CaptureFixture[str]
) -> None:
    jaeger.lies[PATH] = lie

    with pytest.raises(NoConsole, match="is that a console, or Jaeger's query address"):
        show(TRACE, jaeger.url, nobody_waits, as_json=False)


@pytest.mark.parametrize("word", ["", "xyz", "a" * 33, "\x1b[31m", "../../x"])
def test_what_cannot_be_an_id_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["trace", "--", word]) == COULD_NOT_RUN
    err = capsys.readouterr().err
    assert "is not the id of a trace" in err
    assert "\x1b" not in err


def test_an_id_that_lost_its_zeros_gets_them_back() -> None:
    assert normal(" ABC ") == "abc".zfill(32)


def test_the_option_beats_the_variable_and_both_beat_consul() -> None:
    environ = {"MESH_CONSOLE_URL": "http://two:1/"}

    assert console_url("one:1", "", environ) == "http://one:1"
    assert console_url("", "", environ) == "http://two:1"


@pytest.mark.parametrize("address", ["ftp://x", "http://", "x:y", "http://[::1"])
def test_an_address_that_makes_no_sense_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"--from: expected http\(s\)://host:port"):
        console_url(address, "", {})
    with pytest.raises(ConfigError, match="MESH_CONSOLE_URL"):
        console_url("", "", {"MESH_CONSOLE_URL": address})


async def test_the_console_is_found_in_consul(agent: Api, jaeger: Liar, capfd: pytest.CaptureFixture[str]) -> None:
    nobody = await asyncio.to_thread(cli.run, ["trace", TRACE])
    port = int(jaeger.url.rpartition(":")[2])
    dead = {"TTL": "60s", "Status": "critical"}
    await agent.register("console", ID="console-0", Address="127.0.0.1", Port=1, Check=dead)
    await agent.register("console", ID="console-1", Address="127.0.0.1", Port=port)
    found = await asyncio.to_thread(cli.run, ["trace", TRACE])

    out, err = capfd.readouterr()
    assert (nobody, found) == (COULD_NOT_RUN, OK)
    assert err == (
        "mesh: no console is registered and well: "
        "name one by --from URL or MESH_CONSOLE_URL; mesh console starts one, and says where it is\n"
    )
    assert out.splitlines() == TREE


def test_reading_a_trace_does_not_wait_for_an_sdk() -> None:
    code = "import observability.commands, observability.lookup, sys; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"aiohttp", "opentelemetry", "structlog", "rich"} & set(said.stdout.split())
    assert isinstance(cli.mesh.get_command(click.Context(cli.mesh), "trace"), click.Command)
