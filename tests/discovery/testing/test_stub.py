"""Stubs by the name of a service."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

import discovery
from discovery.model import Outcome
from discovery.testing import FakeClock, MeshStub


async def said(mesh: discovery.Mesh, url: str = "http://ports/ports", method: str = "GET") -> tuple[int, str]:
    async with mesh.request(method, url) as response:
        return response.status, await response.text()


async def test_answers_come_in_their_order_and_the_last_one_stays(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    route = mesh_stub.get("ports", "/ports").answers(404).answers(text="two").answers(body=b"three")
    assert not route.called
    assert [await said(mesh) for _ in range(4)] == [(404, ""), (200, "two"), (200, "three"), (200, "three")]
    assert (route.called, route.call_count, len(mesh_stub.calls)) == (True, 4, 4)


async def test_without_an_answer_it_is_200_and_nothing(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.route("options", "ports", "/ports")
    assert await said(mesh, method="OPTIONS") == (200, "")


async def test_json_says_that_it_is_and_headers_are_sent(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.put("ports", "/ports/1").answers(201, json=None, headers={"X-One": "1"})
    async with mesh.put("http://ports/ports/1") as response:
        assert (response.status, await response.json(), response.headers["X-One"]) == (201, None, "1")


@pytest.mark.parametrize(("how", "outcome"), [("reset", Outcome.LOST), ("draining", Outcome.NACKED)])
async def test_a_failure_is_met_as_what_it_is(
    mesh: discovery.Mesh, mesh_stub: MeshStub, how: Any, outcome: Outcome
) -> None:
    mesh_stub.get("ports", "/ports").fails(how).answers(text="well")
    async with mesh.get("http://ports/ports") as response:
        assert [each.outcome for each in discovery.attempts(response)] == [outcome, Outcome.ANSWERED]


async def test_a_body_may_break(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.delete("ports", "/ports").fails("broken body")
    with pytest.raises(aiohttp.ClientPayloadError):
        await said(mesh, method="DELETE")


async def test_what_was_made_later_goes_first_where_it_fits(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.get("ports", "/ports").answers(text="any")
    mesh_stub.get("ports", "/ports", query={"laptop": 7}).answers(text="of 7")
    mesh_stub.patch("ports", "/ports").answers(text="patched")
    mesh_stub.get("laptops", "/ports").answers(text="of laptops")
    assert await said(mesh, "http://ports/ports?laptop=7&page=2") == (200, "of 7")
    assert await said(mesh, "http://ports/ports?laptop=8") == (200, "any")
    assert await said(mesh, method="PATCH") == (200, "patched")
    assert await said(mesh, "http://laptops/ports") == (200, "of laptops")


async def test_a_name_that_is_no_host_is_stubbed_like_any_other(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.get("com.example.users", "/users").answers(text="none")
    async with mesh.service("com.example.users").get("/users") as response:
        assert await response.text() == "none"


async def test_an_answer_may_come_later(mesh: discovery.Mesh, mesh_stub: MeshStub, mesh_clock: FakeClock) -> None:
    route = mesh_stub.get("ports", "/ports").answers(text="late", after_s=2)
    calling = asyncio.create_task(said(mesh))
    while not route.called:
        await asyncio.wait([calling], timeout=0.001)
    await mesh_clock.advance(1.9)
    assert not calling.done()
    await mesh_clock.advance(0.2)
    assert await calling == (200, "late")


async def test_capitals_in_a_name_make_no_other_service(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    mesh_stub.get("Ports", "/ports").answers(text="one").answers(text="one")
    mesh_stub.get("ports", "/others").answers(text="other").answers(text="other")
    for _ in range(2):
        assert await said(mesh) == (200, "one")
        assert await said(mesh, "http://PORTS/others") == (200, "other")


async def test_json_may_be_of_another_type(mesh: discovery.Mesh, mesh_stub: MeshStub) -> None:
    said_type = {"content-type": "application/problem+json"}
    mesh_stub.get("ports", "/ports").answers(404, json={"title": "gone"}, headers=said_type)
    async with mesh.get("http://ports/ports") as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
        assert await response.json() == {"title": "gone"}


async def test_what_makes_no_sense_is_refused(mesh_stub: MeshStub) -> None:
    mesh_stub.assert_all_called = False
    route = mesh_stub.get("ports", "/ports")
    with pytest.raises(ValueError, match="say json, text or body"):
        route.answers(json=1, text="1")
    how: Any = "fire"
    with pytest.raises(ValueError, match="a stub fails by 'reset', 'broken body', 'draining', got 'fire'"):
        route.fails(how)
    with pytest.raises(ValueError, match="a path begins with a slash"):
        mesh_stub.get("ports", "ports")
    with pytest.raises(ValueError, match="say query="):
        mesh_stub.get("ports", "/ports?laptop=7")
    for name in ("http://ports", "", ".."):
        with pytest.raises(ValueError, match="a stub is for a service by its name, such as 'ports'"):
            mesh_stub.get(name, "/ports")
    wrong: Any
    for wrong in ([{"id": 1}], "200", 101, 600, True):
        with pytest.raises(ValueError, match="what is said as JSON is json="):
            route.answers(wrong)
    for wrong in ({"json": object()}, {"text": b"bytes"}, {"body": {"id": 1}}):
        with pytest.raises((TypeError, ValueError)):
            route.answers(**wrong)
    with pytest.raises(ValueError, match="lags by a number of seconds"):
        route.answers(after_s=-1)
