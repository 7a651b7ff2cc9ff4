"""The whole of ``observability.observer`` against collectors that work, refuse, are silent, or say "not now"."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import pytest
from aiohttp import web
from multidict import CIMultiDict

import observability
from discovery.model import Instance, Target, View
from discovery.observer import Observer, ViewChanged
from discovery.testing import servers
from discovery.testing.clock import FakeClock
from observability import pipeline
from observability.ledger import Ledger
from observability.pipeline import Pipe, close
from observability.receiver import Receiver
from observability.tree import render_tree, trace_tree
from tests.observability.support import MEMORY, attempt, call, end, make, new_logging, peer, request

# A hang, whatever the machine is busy with; what leaving really takes is in docs/telemetry.md.
HANG_S = 15.0


def work(observer: Observer, calls: int = 1) -> None:
    """One incoming request with *calls* calls, an event, and a line of log."""
    served = observer.request(request(query="token=s3cret", headers=CIMultiDict(Authorization="s3cret")))
    with served.activate():
        for _ in range(calls):
            asked = call(path="/ports?token=s3cret")
            observer.sending(asked, 1, CIMultiDict(Authorization="s3cret"))
            end(observer, asked, attempt())
        logging.getLogger("shop").info("sold")
    served.end(200, "/laptops/{id}")
    observer.notify(ViewChanged(View(target=Target("ports"), instances=(peer(),), index=1, as_of=0.0), (), (), ()))


async def observed(identity: Instance, do: Callable[[Observer], None] = work) -> float:
    """Do it in a thread, since leaving blocks; returns how many seconds leaving took."""
    loop = asyncio.get_running_loop()

    def whole() -> float:
        with new_logging():
            with observability.observer(identity) as observer:
                do(observer)
                began = loop.time()
            return loop.time() - began

    async with asyncio.timeout(HANG_S):
        return await asyncio.to_thread(whole)


@asynccontextmanager
async def refusing() -> AsyncIterator[str]:
    """A collector whose machine is up and whose process is not."""
    with servers.refusing() as address:
        yield f"http://{address}"


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A collector that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@asynccontextmanager
async def busy() -> AsyncIterator[str]:
    """A collector that says "not now, but in a minute" to everything."""

    async def later(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "60"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", later)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_traces_metrics_and_logs_arrive_whole(identity: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
        await observed(identity)
        (trace_id,) = receiver.traces()
        spans = receiver.trace(trace_id)
        assert [line.strip().split("  ")[0] for line in render_tree(trace_tree(spans))] == [
            "laptops-127.0.0.1-5000",
            "└─ call ports",
            "└─ attempt 1 → ports-1",
        ]
        assert receiver.received == {"traces": 3, "metrics": 7 + MEMORY, "logs": 2}
        assert "s3cret" not in repr(spans)


async def test_a_signal_without_an_endpoint_stays_at_home(identity: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{receiver.endpoint}/v1/traces")
        await observed(identity)
        assert receiver.received == {"traces": 3}


async def test_a_disabled_sdk_sends_nothing_and_breaks_nothing(
    identity: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        headers = CIMultiDict(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        passed_on = CIMultiDict[str]()

        def pass_on(observer: Observer) -> None:
            work(observer)
            served = observer.request(request(headers=headers))
            with served.activate():
                passed_on.extend(make(observer, attempt())[0])
            served.end(200)

        await observed(identity, pass_on)
        assert not receiver.received
        assert passed_on == headers


@pytest.mark.parametrize("collector", [refusing, silent, busy])
async def test_a_collector_that_does_not_take_anything_delays_nobody_for_long(
    identity: Instance,
    collector: Callable[[], AbstractAsyncContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    async with collector() as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url.replace("http://", "http://me:s3cret@") + "/s3cret")
        record_property("seconds", await observed(identity, lambda observer: work(observer, calls=2000)))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert "s3cret" not in repr(lines)
    told = [line["event"] for line in lines if line["logger"] == "observability.ledger"]
    # 4001 spans came and all were lost; each signal says so in one or two lines.
    assert sum(int(line.split()[2]) for line in told if line.startswith("spans lost")) == 4001
    assert len(told) <= 6
    assert {line["logger"] for line in lines} == {"observability.ledger", "mesh", "shop"}


@pytest.mark.parametrize(
    ("away", "order"),
    [(True, ["abandon", "finish"]), (False, ["finish", "abandon"])],
    ids=["known to be away", "just silent"],
)
def test_only_a_collector_that_may_answer_is_waited_for(
    away: bool, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "FLUSH_S", 0.01)
    ledger, abandoned, done = Ledger("spans", 1, FakeClock()), threading.Event(), list[str]()
    ledger.away = away

    def finish() -> None:
        done.append("finish")
        assert abandoned.wait(HANG_S)

    def abandon() -> None:
        if "abandon" not in done:
            done.append("abandon")
        abandoned.set()

    close([Pipe(ledger, finish, abandon)], FakeClock())
    assert done == order


@contextmanager
def running(program: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


PROGRAM = """
from opentelemetry import trace
from discovery.model import Instance
import observability

identity = Instance(id="laptops-1", service="laptops", host="127.0.0.1", port=5000)
with observability.observer(identity) as observer:
    trace.get_tracer("shop").start_span("the application's own").end()
print("left")
"""


async def test_a_process_ends_although_its_collector_is_silent() -> None:
    async with silent() as url:
        with running(PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="60") as process:
            out, err = await asyncio.to_thread(process.communicate, timeout=HANG_S)
    assert (process.returncode, out) == (0, "left\n")
    assert "spans lost: 1 (the process ends)" in err
    assert "Traceback" not in err


async def test_an_applications_own_spans_go_the_same_way() -> None:
    async with Receiver() as receiver:
        with running(PROGRAM, OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint) as process:
            _, err = await asyncio.to_thread(process.communicate, timeout=HANG_S)
        assert err == ""
        (span,) = receiver.trace(receiver.traces()[0])
    assert (span.name, span.service, span.instance) == ("the application's own", "laptops", "laptops-1")


async def test_without_a_collector_people_read_the_trace_in_the_log(
    identity: Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MESH_LOG", "pretty")
    await observed(identity)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert "laptops  laptops-127.0.0.1-5000  GET /laptops/{id}  200" in lines[1]
    assert "└─ call ports  200" in lines[2]
    assert "attempt 1 → ports-1  200" in lines[3]
    assert "view changed target=ports instances=1" in lines[4]

    def leave_one_open(observer: Observer) -> None:
        with observer.request(request()).activate():
            make(observer)

    await observed(identity, leave_one_open)
    assert "call ports" in capsys.readouterr().err
    monkeypatch.setenv("MESH_LOG", "json")
    await observed(identity)
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["sold", "view changed"]
