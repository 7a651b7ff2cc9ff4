"""The command as a process: what it loads, and how it behaves at the ends of pipes and terminals."""

from __future__ import annotations

import asyncio
import os
import pty
import shlex
import subprocess
import sys

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import discovery
from tests.contract.api import Api
from tests.discovery.cli.programs import program

# What takes too long to load for a command that only reads.
HEAVY = {"aiohttp", "asyncio", "tenacity", "consul", "opentelemetry", "structlog"}


def loaded_by(code: str) -> set[str]:
    """The packages that are there after *code* has run in an interpreter of its own."""
    argv = [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True)
    return set(said.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import discovery, discovery.errors, discovery.config",
        "import discovery.cli.commands",
        "import discovery.cli.ps, discovery.cli.resolve, discovery.cli.watch",
        "import discovery.cli.doctor.command",
    ],
)
def test_reading_commands_do_not_wait_for_what_only_servers_need(code: str) -> None:
    assert HEAVY & loaded_by(code) == set()


def test_one_of_our_own_commands_looks_up_no_entry_points() -> None:
    code = "from discovery.cli.main import mesh; import click; mesh.get_command(click.Context(mesh), 'ps')"

    assert not {"importlib.metadata", "rich"} & loaded_by(code)


def test_the_public_names_are_there_when_asked_for() -> None:
    assert {"Mesh", "run", "NoInstances"} <= set(dir(discovery))
    with pytest.raises(AttributeError, match="has no attribute 'Mash'"):
        discovery.Mash  # type: ignore[attr-defined]  # noqa: B018 - that is the test
    with pytest.raises(ImportError):
        from discovery.errors import Nonsense  # type: ignore[attr-defined]  # noqa: F401 - that is the test


@pytest.mark.parametrize(
    "words", [["--help"], ["ps"], ["ps", "--json"], ["resolve", "ports"], ["watch", "ports"], ["doctor"]]
)
async def test_a_reader_that_has_seen_enough_is_no_error(agent: Api, words: list[str]) -> None:
    await agent.register("ports", Address="127.0.0.1", Port=1)
    read, write = os.pipe()
    os.close(read)
    argv = (sys.executable, "-m", "discovery.cli.main", *words)
    process = await _run(*argv, stdout=write)
    os.close(write)

    assert process == (141, b"")


@pytest.mark.parametrize("words", [["--version"], ["ps"], ["resolve", "ports"]])
async def test_an_answer_that_cannot_be_written_is_one_sentence(agent: Api, words: list[str]) -> None:
    await agent.register("ports", Address="127.0.0.1", Port=1)
    full = os.open("/dev/full", os.O_WRONLY)
    process = await _run(sys.executable, "-m", "discovery.cli.main", *words, stdout=full)
    os.close(full)

    assert process == (2, b"mesh: the answer cannot be written: No space left on device\n")


async def test_nobody_to_answer_is_no_trouble(agent: Api) -> None:
    await agent.register("ports", Address="127.0.0.1", Port=1)
    command = f"exec {shlex.quote(sys.executable)} -m discovery.cli.main ps >&-"
    process = await _run("/bin/sh", "-c", command, stdout=asyncio.subprocess.DEVNULL)

    assert process == (0, b"")


async def test_a_complaint_that_cannot_be_written_leaves_the_code() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    argv = (sys.executable, "-m", "discovery.cli.main", "nonsense")
    process = await asyncio.create_subprocess_exec(*argv, stdout=full, stderr=full)
    await process.communicate()
    os.close(full)

    assert process.returncode == 2


async def test_a_terminal_that_cannot_show_a_character_gets_its_escape(agent: Api) -> None:
    async with program("doctor", PYTHONIOENCODING="latin-1") as process:
        out, err = await process.communicate()

    assert err == b""
    assert b"\\u2713 settings" in out


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
async def test_colours_are_for_terminals_and_for_those_who_want_them(
    agent: Api, environ: dict[str, str], *, coloured: bool
) -> None:
    await agent.register("ports", Address="127.0.0.1", Port=1)
    for words in (["resolve", "ports"], ["ps"]):
        leader, follower = pty.openpty()
        argv = (sys.executable, "-m", "discovery.cli.main", *words)
        code, _ = await _run(*argv, stdout=follower, env={**os.environ, "TERM": "xterm", **environ})
        os.close(follower)
        said = os.read(leader, 65536)
        os.close(leader)

        assert code == 0
        assert (b"\x1b[32m" in said) is coloured


async def test_a_body_on_a_terminal_cannot_move_its_cursor(agent: Api) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body="one\ttwo\nthree\x1b[2J\u202e\n".encode())

    app = web.Application()
    app.router.add_get("/", answer)
    leader, follower = pty.openpty()
    async with TestServer(app) as server:
        await agent.register("ports", Address="127.0.0.1", Port=server.port)
        argv = (sys.executable, "-m", "discovery.cli.main", "call", "ports", "/")
        code, _ = await _run(*argv, stdout=follower)
    os.close(follower)
    said = os.read(leader, 65536).decode()
    os.close(leader)

    assert code == 0
    assert said.replace("\r\n", "\n") == "one\ttwo\nthree\\x1b[2J\\u202e\n"


async def test_services_complete_from_consul(agent: Api) -> None:
    await agent.register("ports", Address="127.0.0.1", Port=1)
    words = {"_MESH_COMPLETE": "bash_complete", "COMP_WORDS": "mesh resolve p", "COMP_CWORD": "2"}
    async with program(**words) as process:
        out, err = await process.communicate()

    assert (out, err) == (b"plain,ports\n", b"")


async def test_completion_is_silent_when_consul_is_not_there() -> None:
    words = {"_MESH_COMPLETE": "bash_complete", "COMP_WORDS": "mesh watch p", "COMP_CWORD": "2"}
    for address in ("127.0.0.1:1", "nonsense:x"):
        async with program(CONSUL_HTTP_ADDR=address, **words) as process:
            assert await process.communicate() == (b"\n", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_what_completes_is_printed(shell: str) -> None:
    async with program("completion", shell) as process:
        out, _ = await process.communicate()

    assert b"_MESH_COMPLETE" in out
    assert process.returncode == 0


async def _run(*argv: str, stdout: int, env: dict[str, str] | None = None) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(*argv, stdout=stdout, stderr=subprocess.PIPE, env=env)
    _, err = await process.communicate()
    return process.returncode, err
