"""``discovery.run`` as the whole of a process: what a supervisor and an operator see of it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.config import MeshConfig
from discovery.errors import ConfigError, IdentityTaken, MeshError
from discovery.observer import StateChanged
from discovery.runtime.running import _told, _until_stopped
from discovery.runtime.signals import Ending
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import refusing

ROOT = Path(__file__).resolve().parents[3]

# Tells where it listens, and each of its states; the handler at /slow never ends, and the one at /passed-over says
# whether the garbage collector passes over what was made at the start.
PROGRAM = """
import asyncio
import contextlib
import gc

from aiohttp import web

import discovery
from discovery.observer import NullObserver, StateChanged


class Telling(NullObserver):
    def notify(self, event):
        if isinstance(event, StateChanged):
            print(event.state, flush=True)


def observe(identity):
    print(identity.address, flush=True)
    return contextlib.nullcontext(Telling())


async def slow(request):
    print("began", flush=True)
    await asyncio.Event().wait()


made = []


async def opened(app):
    made.append([])


async def passed_over(request):
    return web.json_response(all(thing is not made[0] for thing in gc.get_objects()))


app = web.Application()
app.on_startup.append(opened)
app.router.add_get("/slow", slow)
app.router.add_get("/passed-over", passed_over)
discovery.run(app, "ports", observe=observe)
print("returned", flush=True)
"""


# Neither an observer nor a log.
PLAIN = """
import discovery
from aiohttp import web

discovery.run(web.Application(), "ports")
"""


class Program:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.address = ""

    async def line(self) -> str:
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().rstrip()

    async def ended(self) -> tuple[int, list[str], list[str]]:
        """The exit status, and what was left to read."""
        out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode().splitlines(), err.decode().splitlines()


@asynccontextmanager
async def program(code: str = PROGRAM, **environ: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "MESH_STATIC": "elsewhere=127.0.0.1:1", "MESH_DRAIN_S": "0", **environ},
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@asynccontextmanager
async def ready(**environ: str) -> AsyncIterator[Program]:
    async with program(**environ) as one:
        one.address = await one.line()
        assert await one.line() == "ready"
        yield one


async def test_after_a_signal_it_leaves_politely_and_exits_with_0() -> None:
    async with ready() as one:
        one.process.send_signal(signal.SIGINT)
        assert await one.ended() == (0, ["draining", "stopped", "returned"], [])


async def test_it_is_ready_while_consul_is_away_and_can_be_stopped_then() -> None:
    with refusing() as consul:
        async with ready(MESH_STATIC="", CONSUL_HTTP_ADDR=consul) as one, aiohttp.ClientSession() as session:
            async with session.get(f"http://{one.address}{wire.READY_PATH}") as response:
                assert response.status == 200
            one.process.send_signal(signal.SIGTERM)
            assert await one.ended() == (0, ["draining", "stopped", "returned"], [])


REFUSED = b"Permission denied: token with AccessorID 's3cret-t0ken' lacks permission 'service:write'"


async def test_without_an_observer_and_without_a_log_a_token_that_is_dead_is_told_on_the_standard_error() -> None:
    async def refuse(request: web.BaseRequest) -> web.Response:
        return web.Response(status=403, body=REFUSED)

    runner = web.ServerRunner(web.Server(refuse, access_log=None))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        consul = "{}:{}".format(*runner.addresses[0][:2])
        environ = {"MESH_STATIC": "", "CONSUL_HTTP_ADDR": consul, "CONSUL_HTTP_TOKEN": "s3cret-t0ken"}
        async with program(PLAIN, **environ) as one:
            assert one.process.stderr is not None
            lines: list[str] = []
            while not any(line.startswith("ports-127.0.0.1-") for line in lines):
                lines.append((await one.process.stderr.readline()).decode())
            one.process.send_signal(signal.SIGTERM)
            status, _, more = await one.ended()
    finally:
        await runner.cleanup()
    assert status == 0
    (line,) = [line for line in lines if line.startswith("ports-127.0.0.1-")]
    assert " is not registered: " in line
    assert "lacks permission 'service:write'" in line
    assert "trying again within " in line
    assert "s3cret-t0ken" not in "".join([*lines, *more])


async def test_the_garbage_collector_passes_over_what_is_there_before_the_first_request() -> None:
    async with (
        ready() as one,
        aiohttp.ClientSession() as session,
        session.get(f"http://{one.address}/passed-over") as response,
    ):
        assert await response.json() is True


STARTING = """
import asyncio

from aiohttp import web

import discovery


async def database(app):
    yield
    print("cleaned up", flush=True)


async def forever(app):
    print("began", flush=True)
    await asyncio.Event().wait()


app = web.Application()
app.cleanup_ctx.append(database)
app.on_startup.append(forever)
discovery.run(app, "ports")
print("returned", flush=True)
"""

ENDING = """
import asyncio
import threading

from aiohttp import web

import discovery


async def begin(app):
    print("began", flush=True)


async def block(app):
    print("blocked", flush=True)
    {blocked}


app = web.Application()
app.on_startup.append(begin)
app.on_cleanup.append(block)
discovery.run(app, "ports")
print("returned", flush=True)
"""


BLOCKED = """
import asyncio
import threading

from aiohttp import web

import discovery


def block():
    print("blocked", flush=True)
    threading.Event().wait()


async def start(app):
    {block}


app = web.Application()
app.on_startup.append(start)
discovery.run(app, "ports")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_start_that_takes_long_is_given_up_at_a_signal(number: int) -> None:
    async with program(STARTING) as one:
        assert await one.line() == "began"
        one.process.send_signal(number)
        assert await one.ended() == (0, ["cleaned up", "returned"], [])


# Consul's name is asked of a name server that hangs; the answer would come after all.
DNS = """
import threading

from aiohttp import web

import discovery
from discovery.runtime import own_address


def hangs(name, port):
    print("began", flush=True)
    threading.Event().wait()


own_address._system = hangs
own_address._RESOLVE_S = 3600
discovery.run(web.Application(), "ports")
print("returned", flush=True)
"""


async def test_a_name_server_that_hangs_holds_up_neither_the_start_nor_its_end() -> None:
    async with program(DNS, MESH_STATIC="", MESH_HOST="0.0.0.0", CONSUL_HTTP_ADDR="consul:8500") as one:
        assert await one.line() == "began"
        one.process.send_signal(signal.SIGTERM)
        assert await one.ended() == (0, ["returned"], [])


@pytest.mark.parametrize(
    "blocked",
    ["threading.Event().wait()", "await asyncio.to_thread(threading.Event().wait)"],
    ids=["the loop", "a thread"],
)
async def test_what_blocks_the_process_at_its_end_is_ended_with_it_after_stop_s(blocked: str) -> None:
    code = ENDING.format(blocked=blocked)
    async with program(code, MESH_STOP_S="1") as one:
        assert await one.line() == "began"
        one.process.send_signal(signal.SIGTERM)
        assert await one.line() == "blocked"
        status, out, lines = await one.ended()
    assert (status, out) == (128 + signal.SIGTERM, [])
    assert lines[-1].startswith("ports: it did not end within 1 s (stop_s) of the signal")


@pytest.mark.parametrize(
    "block", ["block()", "asyncio.get_running_loop().call_later(0.2, block)"], ids=["as it starts", "as it serves"]
)
async def test_a_loop_that_was_blocked_before_the_signal_is_ended_after_stop_s(block: str) -> None:
    async with program(BLOCKED.format(block=block), MESH_STOP_S="1") as one:
        assert await one.line() == "blocked"
        one.process.send_signal(signal.SIGTERM)
        status, out, (line,) = await one.ended()
        assert (status, out) == (128 + signal.SIGTERM, [])
        assert line.startswith("ports: it did not end within 1 s (stop_s) of the signal")
    async with program(BLOCKED.format(block=block), MESH_STOP_S="3600") as one:
        assert await one.line() == "blocked"
        one.process.send_signal(signal.SIGTERM)
        one.process.send_signal(signal.SIGINT)
        status, out, lines = await one.ended()
        assert status in (128 + signal.SIGTERM, 128 + signal.SIGINT)
        assert (out, lines) == ([], [])


async def test_a_thread_for_which_the_interpreter_waits_is_ended_with_it_after_stop_s() -> None:
    thread = "threading.Thread(target=threading.Event().wait).start()"
    async with program(ENDING.format(blocked=thread), MESH_STOP_S="1") as one:
        assert await one.line() == "began"
        one.process.send_signal(signal.SIGTERM)
        status, out, (line,) = await one.ended()
    assert (status, out) == (128 + signal.SIGTERM, ["blocked", "returned"])
    assert line.startswith("ports: it did not end within 1 s (stop_s) of the signal")


async def test_what_a_program_does_after_it_has_left_takes_its_time() -> None:
    after = '\nimport time\ntime.sleep(1.5)\nprint("took its time", flush=True)'
    async with program(ENDING.format(blocked="pass") + after, MESH_STOP_S="1", MESH_DRAIN_S="0") as one:
        assert await one.line() == "began"
        one.process.send_signal(signal.SIGTERM)
        assert await one.ended() == (0, ["blocked", "returned", "took its time"], [])


WORKER = """
import asyncio
import sys

import discovery
from discovery.observer import Deregistered, NullObserver, Registered


class Telling(NullObserver):
    def notify(self, event):
        if isinstance(event, Registered | Deregistered):
            print(type(event).__name__, flush=True)


async def main():
    around = discovery.Surroundings(observer=Telling())
    config = discovery.MeshConfig.from_env("worker", stop_s=1, drain_s=0)
    async with discovery.registered(config, around=around) as mesh:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("cancelled", flush=True)
            {then}


asyncio.run(main())
"""


async def test_sigterm_takes_a_worker_out_of_the_registry_under_plain_asyncio() -> None:
    async with program(WORKER.format(then="raise")) as one:
        assert await one.line() == "Registered"
        one.process.send_signal(signal.SIGTERM)
        assert await one.ended() == (128 + signal.SIGTERM, ["cancelled", "Deregistered"], [])


async def test_a_second_sigterm_or_stop_s_ends_a_worker_that_does_not_leave() -> None:
    hangs = "await asyncio.Event().wait()"
    async with program(WORKER.format(then=hangs)) as one:
        assert await one.line() == "Registered"
        one.process.send_signal(signal.SIGTERM)
        assert await one.line() == "cancelled"
        status, out, (line,) = await one.ended()
        assert (status, out) == (128 + signal.SIGTERM, [])
        assert line.startswith("worker: it did not end within 1 s (stop_s)")
    async with program(WORKER.format(then=hangs).replace("stop_s=1", "stop_s=3600")) as one:
        assert await one.line() == "Registered"
        one.process.send_signal(signal.SIGTERM)
        assert await one.line() == "cancelled"
        one.process.send_signal(signal.SIGTERM)
        assert await one.ended() == (128 + signal.SIGTERM, [], [])


async def test_stop_s_bounds_the_thread_of_a_worker_that_asyncio_waits_for() -> None:
    waits = "asyncio.get_running_loop().run_in_executor(None, __import__('threading').Event().wait)"
    async with program(WORKER.format(then=waits)) as one:
        assert await one.line() == "Registered"
        one.process.send_signal(signal.SIGTERM)
        status, out, (line,) = await one.ended()
    assert (status, out) == (128 + signal.SIGTERM, ["cancelled", "Deregistered"])
    assert line.startswith("worker: it did not end within 1 s (stop_s)")


async def test_who_hears_sigterm_himself_keeps_it(registry: FakeRegistry) -> None:
    came = asyncio.Event()
    loop, config = asyncio.get_running_loop(), MeshConfig(name="worker", drain_s=0)
    loop.add_signal_handler(signal.SIGTERM, came.set)
    try:
        async with discovery.registered(config, registry):
            os.kill(os.getpid(), signal.SIGTERM)
            await came.wait()
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
    async with discovery.registered(config, registry):
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "it is as before"
    await asyncio.to_thread(asyncio.run, entered(config))


async def entered(config: MeshConfig) -> None:
    """In another thread no signal can be heard."""
    async with discovery.registered(config, FakeRegistry()):
        pass


async def test_a_second_signal_ends_it_at_once() -> None:
    async with ready(MESH_DRAIN_S="15") as one:
        one.process.send_signal(signal.SIGTERM)
        assert await one.line() == "draining"
        one.process.send_signal(signal.SIGTERM)
        assert await one.ended() == (128 + signal.SIGTERM, [], [])


async def test_settings_that_make_no_sense_end_it_with_2_and_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with program(MESH_PORT=str(port)) as one:
            status, out, (sentence,) = await one.ended()
    assert (status, out) == (2, [])
    assert sentence.startswith(f"ports: port {port} on 127.0.0.1 is taken by another process: set MESH_PORT")


async def test_variables_that_make_no_sense_end_it_with_2_and_one_line() -> None:
    async with program(MESH_TIMEOUT_S="soon", CONSUL_HTTP_TOKEN_FILE="/nowhere/token") as one:
        status, out, (line,) = await one.ended()
    assert (status, out) == (2, [])
    assert line.startswith("ports: MESH_TIMEOUT_S='soon': expected a number of seconds; CONSUL_HTTP_TOKEN_FILE: ")


def test_settings_are_said_with_a_name_and_not_beside_those_that_are_there() -> None:
    with pytest.raises(SystemExit) as ended:
        discovery.run(web.Application(), "ports", tags=("v2",), check_interval_s=-1)
    assert ended.value.code == 2
    with pytest.raises(TypeError, match=r"^tags: such settings are said with a name, or in the MeshConfig itself$"):
        discovery.run(web.Application(), MeshConfig(name="ports"), tags=("v2",))  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="colour"):
        discovery.run(web.Application(), "ports", colour="red")


async def test_a_live_process_under_our_id_ends_it(
    registry: FakeRegistry, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def theirs(request: web.BaseRequest) -> web.Response:
        return web.Response(headers={wire.BOOT: "theirs"})

    # The rest of `run` is asyncio.run and an exit status, for which a process would have to find a registry.
    monkeypatch.setattr("discovery.runtime.server.registry_of", lambda config: registry)
    config = MeshConfig(name="ports", instance_id="p1", drain_s=0)
    async with peer(registry, "ports", theirs, id="p1"):
        with pytest.raises(IdentityTaken, match="'p1' belongs to a live process"):
            await _until_stopped(
                web.Application(), config, lambda identity: nullcontext(observer), Ending("ports", 20), register=True
            )
    assert [event.state for event in observer.told(StateChanged)] == ["ready", "draining", "stopped"]


@pytest.mark.parametrize("error", [ConfigError("one", "two"), IdentityTaken("p1", "127.0.0.1:1")])
def test_what_went_wrong_is_said_in_one_line(error: MeshError, capsys: pytest.CaptureFixture[str]) -> None:
    assert _told("ports", error) == 2
    assert capsys.readouterr().err == f"ports: {error}\n"
