"""The metrics at ``/metrics``: what they say, and to whom."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

import discovery
import observability
from discovery.errors import ConfigError
from discovery.model import Instance
from discovery.testing.registry import FakeRegistry
from observability import exposition
from observability.exposition import Exposition
from observability.receiver import Receiver
from tests.observability.support import MEMORY, new_logging, request


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@asynccontextmanager
async def serving(*, edge: bool = False) -> AsyncIterator[str]:
    """A service that exposes its metrics if the environment says so; yields its address."""
    app = web.Application()
    app.router.add_get("/hello/{who}", hello)
    config = discovery.MeshConfig(name="laptops", drain_s=0, edge=edge)
    with new_logging():
        observe = observability.exposing(app)
        async with discovery.serving(app, config, registry=FakeRegistry(), observe=observe) as server:
            yield f"http://{server.instance.address}"


async def get(url: str, **headers: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.text()


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written as a tree where the tests run on a terminal."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")


@pytest.mark.usefixtures("quiet")
async def test_the_metrics_can_be_read_by_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_METRICS", "local")
    async with serving() as url:
        for who in ("ann", "bob"):
            await get(f"{url}/hello/{who}")
        status, text = await get(f"{url}/metrics")

    assert status == 200
    families = {family.name: family for family in text_string_to_metric_families(text)}
    requests = families["http_server_request_duration_seconds"].samples
    (count,) = [sample for sample in requests if sample.name.endswith("_count")]
    assert (count.value, count.labels["http_route"]) == (2, "/hello/{who}"), "and reading them is no request"
    (info,) = families["target_info" if "target_info" in families else "target"].samples
    assert info.labels["service_name"] == "laptops"
    assert "mesh_instances" in families
    assert "python_info" not in families, "the global registry has no part in it"


@pytest.mark.usefixtures("quiet")
async def test_by_default_there_is_nothing() -> None:
    async with serving() as url:
        assert (await get(f"{url}/metrics"))[0] == 404


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("edge", [True, False])
@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"]
)
async def test_whoever_is_forwarded_is_no_local_whatever_he_claims(
    monkeypatch: pytest.MonkeyPatch, header: str, edge: bool
) -> None:
    monkeypatch.setenv("MESH_METRICS", "local")
    async with serving(edge=edge) as url:
        assert (await get(f"{url}/metrics", **{header: "127.0.0.1"}))[0] == 403
        monkeypatch.setenv("MESH_METRICS", "open")
    async with serving(edge=edge) as url:
        assert (await get(f"{url}/metrics", **{header: "10.0.0.1"}))[0] == 200


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1", 200),
        ("[::1]:9", 200),
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::1", 403),
    ],
)
async def test_a_name_that_a_stranger_may_have_led_here_is_refused(
    monkeypatch: pytest.MonkeyPatch, host: str, status: int
) -> None:
    monkeypatch.setenv("MESH_METRICS", "local")
    async with serving() as url:
        assert (await get(f"{url}/metrics", Host=host))[0] == status


class From(asyncio.Transport):
    """A connection from somewhere."""

    def __init__(self, peer: object) -> None:
        super().__init__({"peername": peer})


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        (("127.0.0.1", 5), True),
        (("127.8.9.1", 5), True),
        (("::1", 5, 0, 0), True),
        (("::ffff:127.0.0.1", 5, 0, 0), True),
        (("::ffff:10.0.0.1", 5, 0, 0), False),
        (("10.0.0.1", 5), False),
        (("fe80::1%eth0", 5, 0, 2), False),
        ("/run/socket", False),
        (None, False),
    ],
)
async def test_only_the_connection_says_who_is_local(peer: object, local: bool) -> None:
    asked = make_mocked_request("GET", "/metrics", headers={"Host": "localhost"}, transport=From(peer))
    if local:
        assert (await Exposition(strangers=False).answer(asked)).status == 200
    else:
        with pytest.raises(web.HTTPForbidden):
            await Exposition(strangers=False).answer(asked)
    assert (await Exposition(strangers=True).answer(asked)).status == 200


@pytest.mark.usefixtures("quiet")
async def test_many_readers_are_served_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_METRICS", "local")
    busy, overlapped = threading.Lock(), threading.Event()

    def render(registry: CollectorRegistry) -> bytes:
        if not busy.acquire(blocking=False):
            overlapped.set()
            return b""
        try:
            overlapped.wait(0.02)
            return generate_latest(registry)
        finally:
            busy.release()

    monkeypatch.setattr(exposition, "generate_latest", render)
    async with serving() as url:
        await get(f"{url}/hello/ann")
        answers = await asyncio.gather(*(get(f"{url}/metrics") for _ in range(5)))
    assert not overlapped.is_set()
    assert all(text.count("http_server_request_duration_seconds_count{") == 1 for _, text in answers)


async def test_a_collector_gets_the_same_beside_it(identity: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_METRICS", "local")
    async with Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{receiver.endpoint}/v1/metrics")

        def whole() -> None:
            with new_logging(), observability.observer(identity, web.Application()) as observer:
                observer.request(request()).end(200)

        await asyncio.to_thread(whole)
        assert receiver.received["metrics"] == 2 + MEMORY


async def test_what_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESH_METRICS", "open")
    monkeypatch.delitem(sys.modules, "observability.exposition", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.prometheus", None)
    with pytest.raises(ConfigError, match=r"MESH_METRICS=open needs .*proconsul\[prometheus\]"):
        async with serving():
            pass
