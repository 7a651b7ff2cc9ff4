"""`mesh console` as its user meets it: what it says, with a Consul and without one, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

import discovery
from discovery.cli import main as cli
from discovery.cli.exits import COULD_NOT_RUN
from discovery.devagent import Devagent
from discovery.model import Instance
from discovery.observer import Registered, StateChanged
from discovery.testing.servers import refusing
from observability.console.store.alone import alone
from observability.terminal import Terminal, require_port
from tests.discovery.cli.programs import complaint, interrupted, line, program

ME = Instance(id="console-1", service="console", host="127.0.0.1", port=4318)
OPENING = [
    "the console is at http://127.0.0.1:4318/ until Ctrl-C",
    "for the telemetry of a process, and for mesh trace, in their shell:",
    "  export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
    "  export MESH_CONSOLE_URL=http://127.0.0.1:4318",
]
SPAN = {"traceId": "a" * 32, "spanId": "b" * 16, "name": "GET /", "kind": 2}
TRACE = {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | {"startTimeUnixNano": "1", "endTimeUnixNano": "2"}]}]}]}


def test_where_the_page_is_comes_first_whatever_happened_before(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal("Consul at http://127.0.0.1:8500")
    terminal.notify(Registered(ME, "start"))
    assert capsys.readouterr() == ("", "")
    for state in ("ready", "draining", "stopped"):
        terminal.notify(StateChanged(ME, state))

    out, err = capsys.readouterr()
    assert out.splitlines() == OPENING
    assert err == "services come from Consul at http://127.0.0.1:8500\n"


def test_a_console_that_never_was_there_says_not_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal("MESH_STATIC").notify(StateChanged(ME, "stopped"))

    assert capsys.readouterr() == ("", "")


async def test_without_consul_it_takes_traces_at_once_and_ends_at_once(tmp_path: Path) -> None:
    with refusing() as consul:
        words = ("console", "--port", "0", "--json", "--consul", consul)
        async with program(*words, MESH_DATA=str(tmp_path)) as process, aiohttp.ClientSession() as session:
            url = json.loads(await line(process))["url"]
            async with session.post(f"{url}/v1/traces", json=TRACE) as response:
                assert response.status == 200
            async with session.get(f"{url}/data/traces/{'a' * 32}") as response:
                assert response.status == 200
            began = asyncio.get_running_loop().time()
            code, err = await interrupted(process)
            lasted = asyncio.get_running_loop().time() - began

    assert code == 0
    assert err == (
        f"no answer from Consul at http://{consul}: until there is one, only telemetry is shown"
        " (mesh doctor says why)\n"
    )
    assert lasted < discovery.MeshConfig(name="console").drain_s


async def test_a_consul_that_goes_and_comes_is_told_once_each_time(tmp_path: Path) -> None:
    port = unused_port()
    who = f"Consul at http://127.0.0.1:{port}"
    words = ("console", "--port", "0", "--consul", f"127.0.0.1:{port}")
    async with program(*words, MESH_DATA=str(tmp_path)) as process:
        async with Devagent(port=port):
            said = [await complaint(process)]
        said.append(await complaint(process))
        async with Devagent(port=port):
            said.append(await complaint(process))
            code, rest = await interrupted(process)

    assert said == [
        f"services come from {who}",
        f"no answer from {who}: until there is one, what it said last stays (mesh doctor says why)",
        f"{who} answers: its services are shown",
    ]
    assert (code, rest) == (0, "")


async def test_a_console_that_nobody_listens_to_serves_all_the_same(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    port = unused_port()
    words = ("console", "--port", str(port), "--consul", f"127.0.0.1:{unused_port()}")
    argv = (sys.executable, "-m", "discovery.cli.main", *words)
    environ = {**os.environ, "MESH_DATA": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(*argv, stdout=write, stderr=asyncio.subprocess.PIPE, env=environ)
    os.close(write)
    try:
        # What is said beside the output comes after the address, that is to nobody.
        assert (await complaint(process)).startswith("no answer from Consul at ")
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/health/live") as response:
            assert response.status == 200
        assert await interrupted(process) == (0, "")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_a_port_that_is_taken_is_one_sentence_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_DATA", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.run(["console", "--port", str(port)]) == COULD_NOT_RUN

    assert capsys.readouterr().err == (
        f"mesh: port {port} on 127.0.0.1 is taken by another process: "
        "choose another by --port, or 0 for any that is free\n"
    )


def test_an_address_of_somebody_else_is_one_sentence() -> None:
    with pytest.raises(discovery.ConfigError) as said:
        require_port(discovery.MeshConfig(name="console", host="192.0.2.1", port=4318))

    assert str(said.value) == "this machine has no address 192.0.2.1 to listen on: correct MESH_HOST"


def test_a_file_in_the_place_of_the_folder_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    for place in (file, file / "below"):
        monkeypatch.setenv("MESH_DATA", str(place))
        assert cli.run(["console", "--port", "0"]) == COULD_NOT_RUN
        assert capsys.readouterr().err == (
            f"mesh: cannot open the database {place}/console.db: {file} is no folder: "
            "name a folder in MESH_DATA that may be written to\n"
        )


def test_a_second_console_with_the_same_data_is_refused_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_DATA", str(tmp_path))
    with alone(tmp_path / "console.db"):
        assert cli.run(["console", "--port", "0"]) == COULD_NOT_RUN

    assert capsys.readouterr().err == (
        f"mesh: another console has the database {tmp_path}/console.db open: "
        "end it, or name another folder in MESH_DATA\n"
    )


async def test_it_is_not_registered_and_shows_who_is(tmp_path: Path) -> None:
    async with Devagent() as agent, aiohttp.ClientSession() as session:
        entry = {"Name": "ports", "ID": "ports-1", "Address": "127.0.0.1", "Port": 4001}
        async with session.put(f"{agent.url}/v1/agent/service/register", json=entry) as response:
            assert response.status == 200
        words = ("console", "--port", "0", "--json", "--consul", agent.url)
        async with program(*words, MESH_DATA=str(tmp_path)) as process:
            url = json.loads(await line(process))["url"]
            assert (await complaint(process)).startswith("services come from Consul at ")
            shown: list[str] = []
            while "ports" not in shown:
                async with session.get(f"{url}/data/services") as response:
                    shown = [each["name"] for each in (await response.json())["services"]]
            async with session.get(f"{agent.url}/v1/agent/services") as response:
                assert list(await response.json()) == ["ports-1"]
            assert shown == ["ports"]
            assert await interrupted(process) == (0, "")


def test_a_database_that_cannot_be_opened_is_one_sentence_with_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESH_DATA", str(tmp_path))
    (tmp_path / "console.db").mkdir()

    assert cli.run(["console", "--port", "0"]) == COULD_NOT_RUN
    assert capsys.readouterr().err == (
        f"mesh: cannot open the database {tmp_path}/console.db: unable to open database file: "
        "name a folder in MESH_DATA that may be written to\n"
    )
