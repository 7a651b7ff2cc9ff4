"""The page about the command line is true: every example is run, and says what the page says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery import wire
from discovery.cli import main as cli
from discovery.testing.servers import refusing
from tests.contract.api import Api
from tests.discovery.cli.conftest import Mesh
from tests.discovery.cli.lying import Lie, lying
from tests.discovery.cli.programs import complaint, line, program
from tests.observability.test_jaeger import ANSWER, ATTEMPT, CALL, REQUEST, TRACE, document

PAGE = Path(__file__).resolve().parents[3] / "docs/cli.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```console\n\$ mesh ([^\n]*)\n(.*?)```", TEXT, re.DOTALL))

# What differs from run to run: addresses, times, ids of traces, who is tried first, and how wide a column is.
CHANGING = [
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\d+(\.\d)? ms", "MS"),
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"[0-9a-f]{32}", "TRACE"),
    (r"→ ports-\d", "→ PORTS"),
    (r"(?<=\S) {2,}", "  "),
    (r" +$", ""),
]


def settled(text: str) -> list[str]:
    lines = text.splitlines()
    for pattern, name in CHANGING:
        lines = [re.sub(pattern, name, each) for each in lines]
    return lines


@pytest.fixture
async def scene(agent: Api) -> AsyncIterator[Api]:
    """Three instances of ports: two that serve, of which the one asked first is leaving, and one that is gone."""
    nacks = [wire.NACK_DRAINING]

    async def answer(request: web.Request) -> web.Response:
        if nacks:
            return web.Response(status=503, headers={wire.NACK: nacks.pop()})
        return web.Response(text='[{"id": 1, "name": "left"}]\n')

    app = web.Application()
    app.router.add_get("/ports", answer)
    async with TestServer(app) as server:
        with refusing() as gone:
            for number, port in ((1, server.port), (2, server.port), (3, int(gone.rpartition(":")[2]))):
                await register(agent, number, port or 0)
            await agent.done("/v1/agent/check/fail/service:ports-3", note="connection refused")
            yield agent


async def register(agent: Api, number: int, port: int) -> None:
    check = {"CheckID": f"service:ports-{number}", "TTL": "60s", "Status": "passing"}
    place = {"Address": "127.0.0.1", "Port": port, "Meta": {"version": "0.1.0"}}
    await agent.register("ports", ID=f"ports-{number}", Check=check, **place)


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with lying() as server:
        server.lies[f"/api/traces/{TRACE}"] = Lie(document(REQUEST, CALL, ATTEMPT, ANSWER))
        monkeypatch.setenv("MESH_CONSOLE_URL", server.url)
        yield


@pytest.mark.usefixtures("scene", "console")
@pytest.mark.parametrize("words", [words for words in EXAMPLES if not words.startswith(("watch", "console"))])
async def test_an_example_says_what_the_command_says(
    words: str, mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them writes a folder
    monkeypatch.setattr("discovery.cli.new.command.origin", lambda: "")  # as whoever has it from an index sees it
    said = await mesh(*words.split())

    assert settled(said.err + said.out) == settled(EXAMPLES[words])


async def test_the_example_of_a_watch_says_what_the_command_says(scene: Api) -> None:
    [words] = [words for words in EXAMPLES if words.startswith("watch")]
    expected = settled(EXAMPLES[words])

    async with program(*words.split()) as process:
        said = [await line(process) for each in expected if not each.startswith("TIME")]
        await register(scene, 4, 4004)
        said.append(await line(process))
        await scene.done("/v1/agent/check/fail/service:ports-4", note="disk full")
        said.append(await line(process))
        await scene.done("/v1/agent/service/deregister/ports-4")
        said.append(await line(process))

    assert settled("\n".join(said)) == expected


async def test_the_example_of_a_console_says_what_the_command_says(agent: Api, tmp_path: Path) -> None:
    expected = settled(EXAMPLES["console"])

    async with program("console", "--port", "0", MESH_DATA=str(tmp_path)) as process:
        said = [await line(process) for _ in expected[:-1]]
        said.append(await complaint(process))

    assert settled("\n".join(said)) == expected


def test_every_command_of_ours_is_on_the_page_with_its_json() -> None:
    sections = dict(re.findall(r"^## mesh (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
    group = cli.mesh
    commands = {name: group.get_command(click.Context(group), name) for name in (*cli.OWN, "console", "trace")}

    assert set(sections) == set(commands)
    for name, command in commands.items():
        assert command is not None
        takes_json = any("--json" in option.opts for option in command.params)
        assert takes_json == ("`--json`: " in sections[name])


def test_every_finding_of_the_doctor_is_in_its_table() -> None:
    sources = (PAGE.parents[1] / "discovery/cli/doctor").glob("*.py")
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    ids = set(re.findall(r'(?:warning|problem|\()\(?\s*"([a-z]+-[a-z]+)",', code))

    assert {"acl-services", "instance-gone", "consul-leader"} <= ids
    assert {each for each in ids if f"`{each}`" not in TEXT} == set()
