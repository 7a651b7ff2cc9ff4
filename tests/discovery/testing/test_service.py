"""Services of a test: what their callers meet."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.clock import SystemClock
from discovery.model import Outcome
from discovery.testing import ClientFactory, FakeClock, MeshAgent, ServiceFactory, seen

PORTS = {"/ports": [{"id": 1}], "POST /ports": {"id": 2}}


async def outcomes(mesh: discovery.Mesh, method: str = "GET") -> tuple[int, list[Outcome]]:
    async with mesh.request(method, "http://ports/ports") as response:
        return response.status, [attempt.outcome for attempt in discovery.attempts(response)]


async def test_it_answers_what_it_was_given_and_remembers_what_it_was_sent(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), status=201)

    ports = await mesh_service("ports", {**PORTS, "PUT /ports/{id}": echo}, tags=("v2",))
    async with mesh.get("http://ports/ports?laptop=7", headers={"X-One": "1"}) as response:
        assert await response.json() == [{"id": 1}]
        assert discovery.attempts(response)[0].instance.tags == ("v2",)
    async with mesh.put("http://ports/ports/1", json={"id": 3}) as response:
        assert (response.status, await response.json(content_type=None)) == (201, {"id": 3})
    async with mesh.get("http://ports/other") as response:
        assert response.status == 404
    one, other, _ = ports.requests
    assert (one.method, one.path, one.headers["X-One"], one.body) == ("GET", "/ports?laptop=7", "1", b"")
    assert (other.method, other.json()) == ("PUT", {"id": 3})


async def test_an_application_has_its_mesh_and_its_bodies_to_itself(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    async def count(request: web.Request) -> web.Response:
        said = await request.content.read()
        async with request.app[discovery.MESH].get("http://ports/ports") as response:
            return web.json_response([len(said), len(await response.json())])

    app = web.Application()
    app.router.add_post("/count", count)
    await mesh_service("ports", PORTS)
    laptops = await mesh_service("laptops", app)
    async with mesh.post("http://laptops/count", data=b"four") as response:
        assert await response.json() == [4, 1]
    assert [(each.path, each.body) for each in laptops.requests] == [("/count", b"")]


async def test_a_request_that_met_a_reset_is_repeated_where_it_may_be(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    ports.resets(times=1)
    assert await outcomes(mesh) == (200, [Outcome.LOST, Outcome.ANSWERED])
    with ports.resets(), pytest.raises(discovery.CallFailed) as caught:
        await mesh.post("http://ports/ports")
    assert caught.value.unknown
    assert (await outcomes(mesh, "POST"))[0] == 200


async def test_a_reset_is_one_and_no_end(mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    ports.resets()
    reader, writer = await asyncio.open_connection(ports.instance.host, ports.instance.port)
    writer.write(b"GET /ports HTTP/1.1\r\nHost: ports\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_body_that_breaks_breaks_in_its_reader(mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    with ports.breaks_bodies():
        async with mesh.get("http://ports/ports") as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.read()
    assert (await outcomes(mesh))[0] == 200


async def test_who_never_answers_is_given_up_and_answers_when_it_is_over(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    ports.never_answers()
    with pytest.raises(discovery.DeadlineExceeded):
        await mesh.get("http://ports/ports", timeout=0.05)
    calling = asyncio.create_task(outcomes(mesh, "POST"))
    while len(ports.requests) < 2:
        await asyncio.wait([calling], timeout=0.001)
    ports.recovers()
    assert (await calling)[0] == 200


@pytest.mark.parametrize("how", ["the end of its block", "another misbehaviour"])
async def test_who_waits_for_one_that_never_answers_is_answered_when_that_ends(
    mesh: discovery.Mesh, mesh_service: ServiceFactory, how: str
) -> None:
    ports = await mesh_service("ports", PORTS)
    with ports.never_answers(times=1):
        calling = asyncio.create_task(outcomes(mesh, "POST"))
        while not ports.requests:
            await asyncio.wait([calling], timeout=0.001)
        if how == "another misbehaviour":
            ports.refuses(404)
            assert (await calling)[0] == 200
    assert (await calling)[0] == 200


async def test_a_misbehaviour_that_makes_no_sense_is_refused(mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    wrong: Any
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="times is for how many requests"):
            ports.resets(times=wrong)
    for wrong in (200, "503", True):
        with pytest.raises(ValueError, match="a refusal is a status from 400 to 599"):
            ports.refuses(wrong)
    for wrong in (-1, "1", float("nan"), True):
        with pytest.raises(ValueError, match="lags by a number of seconds"):
            ports.lags(wrong)


async def test_what_cannot_be_served_is_refused_before_anybody_asks(mesh_service: ServiceFactory) -> None:
    wrong: Any
    for wrong in (["/ports"], None, "ports"):
        with pytest.raises(
            TypeError, match=r"a service serves a web\.Application, or answers by their paths in a dict"
        ):
            await mesh_service("ports", wrong)
    for wrong in ("ports", "POST", "GET ports"):
        with pytest.raises(ValueError, match="a route is '/path', which is GET, or 'METHOD /path'"):
            await mesh_service("ports", {wrong: 1})
    with pytest.raises(TypeError, match="not JSON serializable"):
        await mesh_service("ports", {"/ports": object()})


async def test_a_client_for_no_application_is_refused(mesh_client: ClientFactory) -> None:
    wrong: Any
    for wrong in ("app", web.Application):
        with pytest.raises(TypeError, match=r"a client is for a web\.Application"):
            await mesh_client(wrong)


async def test_a_refusal_is_an_answer_once_it_is_the_last(mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    with ports.refuses(times=1):
        assert await outcomes(mesh) == (200, [Outcome.UNAVAILABLE, Outcome.ANSWERED])
    with ports.refuses(418):
        assert (await outcomes(mesh))[0] == 418


async def test_from_one_that_drains_even_a_post_goes_elsewhere(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    leaving, staying = await mesh_service("ports", PORTS), await mesh_service("ports", PORTS)
    for each in (leaving, staying):
        await seen(mesh, each.instance)
    leaving.drains()
    came_to: list[Outcome] = []
    while not leaving.requests:
        status, came_to = await outcomes(mesh, "POST")
        assert status == 200
    assert came_to == [Outcome.NACKED, Outcome.ANSWERED]


async def test_one_that_lags_answers_when_the_time_has_passed(
    mesh: discovery.Mesh, mesh_service: ServiceFactory, mesh_clock: FakeClock
) -> None:
    ports = await mesh_service("ports", PORTS)
    ports.lags(2)
    calling = asyncio.create_task(outcomes(mesh))
    while not ports.requests:
        await asyncio.wait([calling], timeout=0.001)
    await mesh_clock.advance(1.9)
    assert not calling.done()
    await mesh_clock.advance(0.2)
    assert await calling == (200, [Outcome.ANSWERED])


async def test_a_misbehaviour_that_another_took_the_place_of_ends_without_a_trace(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    with ports.refuses(418):
        ports.refuses(404)
    assert (await outcomes(mesh))[0] == 404


async def test_one_that_stops_leaves_the_agent(mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    await seen(mesh, ports.instance)
    await ports.stop()
    await ports.stop()
    await seen(mesh, ports.instance, gone=True)


async def test_an_agent_that_is_still_told_to_hang_does_not_keep_services_from_leaving_it(
    mesh: discovery.Mesh, mesh_agent: MeshAgent
) -> None:
    factory = ServiceFactory(mesh_agent, SystemClock())
    await factory("ports", PORTS)
    mesh_agent.hangs()
    await factory.stop()
    assert "ports" not in await mesh.names()


async def test_one_that_dies_refuses_connections_and_stays_in_the_registry(
    mesh: discovery.Mesh, mesh_agent: MeshAgent, mesh_service: ServiceFactory
) -> None:
    ports = await mesh_service("ports", PORTS)
    await seen(mesh, ports.instance)
    await ports.dies()
    async with discovery.Mesh(mesh_agent.config(lookup_timeout_s=0.05)) as other:
        await seen(other, ports.instance)
        with pytest.raises(discovery.CallFailed) as caught:
            await other.get("http://ports/ports")
    assert {attempt.outcome for attempt in caught.value.attempts} == {Outcome.UNSENT}


async def test_what_is_under_way_at_one_that_dies_breaks_off(
    mesh: discovery.Mesh, mesh_service: ServiceFactory
) -> None:
    async def chat(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        return socket

    ports = await mesh_service("ports", {**PORTS, "/chat": chat})
    async with mesh.ws_connect("http://ports/chat") as socket:
        ports.never_answers()
        calling = asyncio.create_task(outcomes(mesh, "POST"))
        while len(ports.requests) < 2:
            await asyncio.wait([calling], timeout=0.001)
        await ports.dies()
        assert (await socket.receive()).type is not aiohttp.WSMsgType.CLOSE  # nobody says goodbye
    with pytest.raises(discovery.CallFailed) as caught:
        await calling
    assert caught.value.unknown


async def test_one_that_lingers_serves_whoever_still_comes(mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None:
    ports = await mesh_service("ports", PORTS)
    await seen(mesh, ports.instance)
    await ports.lingers()
    await seen(mesh, ports.instance, gone=True)
    async with aiohttp.ClientSession() as session, session.get(f"http://{ports.address}/ports") as response:
        assert response.status == 200


async def test_who_is_not_seen_in_time_is_said_to_be_missing(
    mesh: discovery.Mesh, mesh_service: ServiceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = await mesh_service("ports", PORTS)
    monkeypatch.setattr("discovery.testing.service._PATIENCE_S", 0.01)
    with pytest.raises(TimeoutError, match=f"{ports.instance.id} is still there after 0.01 s"):
        await seen(mesh, ports.instance, gone=True)
