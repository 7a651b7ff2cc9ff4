"""Where OpenTelemetry is switched off, in a service that asks another one on behalf of its callers."""

from __future__ import annotations

import logging

import aiohttp
import pytest
from aiohttp import web

import discovery
import observability
from discovery.observer import StateChanged
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from observability.bystander import Bystander
from tests.observability.support import new_logging

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
BAGGAGE = {"baggage": "customer=7"}


@pytest.mark.parametrize(
    "came", [{}, TRACE, TRACE | {"tracestate": "a=b"}, BAGGAGE], ids=["nothing", "w3c", "state", "baggage"]
)
async def test_what_came_with_a_request_goes_on_and_nothing_else(
    came: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    async def asking(request: web.Request) -> web.Response:
        async with request.app[discovery.MESH].get("http://ports/") as response:
            return web.Response(status=response.status)

    app, registry = web.Application(), FakeRegistry()
    app.router.add_get("/", asking)
    config = discovery.MeshConfig(name="shop", host="127.0.0.1", drain_s=0.0)
    with new_logging():
        async with (
            peer(registry, "ports") as ports,
            discovery.serving(app, config, registry=registry, observe=observability.observer) as server,
            aiohttp.ClientSession() as session,
            session.get(f"http://{server.instance.address}/", headers=came) as response,
        ):
            assert response.status == 200
    (received,) = ports.received
    names = {"traceparent", "tracestate", "baggage"}
    assert {name.lower(): value for name, value in received.headers.items() if name.lower() in names} == came


def test_events_are_still_written(
    identity: discovery.Instance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    caplog.set_level(logging.INFO, "mesh")
    with observability.observer(identity) as observer:
        assert isinstance(observer, Bystander)
        observer.notify(StateChanged(identity, "serving"))
    assert "state changed" in caplog.text
