"""What the registry says, as readers see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import discovery
from discovery.testing.registry import FakeRegistry
from tests.observability.console.support import Console, console, event, request
from tests.services.support import enrolled, instance


async def services(one: Console) -> dict[str, Any]:
    return {service["name"]: service for service in (await one("/data/services")).json["services"]}


async def until(one: Console, *names: str) -> dict[str, Any]:
    """The services, as soon as *names* are among them and their instances were read."""
    async with asyncio.timeout(5), await one.listen() as stream:
        while True:
            found = {service["name"]: service for service in (await event(stream, "services"))["services"]}
            if all(name in found and found[name]["age_s"] is not None for name in names):
                return found


async def test_a_service_is_shown_with_its_instances_their_checks_and_their_load(tmp_path: Path) -> None:
    passing = replace(
        instance("ports", 5001),
        meta={"version": "1.2"},
        weight=3,
        node="tower",
        checks=(discovery.Check("service:ports", discovery.Health.PASSING, "alive", "HTTP GET: 200 <b>OK</b>"),),
    )
    ill = replace(
        instance("ports", 5002),
        health=discovery.Health.CRITICAL,
        checks=(discovery.Check("_service_maintenance:x", discovery.Health.CRITICAL),),
    )
    registry = FakeRegistry()
    registry.replace("ports", [passing, ill])
    async with console(tmp_path, registry) as one:
        one.store.trace("t", request("r", service="ports", instance="ports-5001", lasted=3, start=-1000))
        load = {"rate": 1 / 60, "errors": 0.0, "p50_ms": 3.0, "p95_ms": 3.0}

        shown = (await until(one, "ports"))["ports"]

        assert shown["age_s"] >= 0
        assert shown == {
            "name": "ports",
            "age_s": shown["age_s"],
            "source": "static",
            "index": shown["index"],
            "problem": "",
            "load": load,
            "instances": [
                {
                    "id": "ports-5001",
                    "address": "127.0.0.1:5001",
                    "health": "passing",
                    "weight": 3.0,
                    "version": "1.2",
                    "node": "tower",
                    "maintenance": False,
                    "checks": [{"name": "alive", "status": "passing", "output": "HTTP GET: 200 <b>OK</b>"}],
                    "load": load,
                },
                {
                    "id": "ports-5002",
                    "address": "127.0.0.1:5002",
                    "health": "critical",
                    "weight": 1.0,
                    "version": "",
                    "node": "",
                    "maintenance": True,
                    "checks": [{"name": "_service_maintenance:x", "status": "critical", "output": ""}],
                    "load": None,
                },
            ],
        }
        ports = next(node for node in (await one("/data/map")).json["nodes"] if node["name"] == "ports")
        assert (ports["registered"], ports["instances"], ports["passing"]) == (True, 2, 1)


async def test_the_console_registers_itself_and_not_for_the_world(tmp_path: Path) -> None:
    registry = FakeRegistry()
    async with console(tmp_path, registry):
        await enrolled(registry, "console")

        assert (await registry.names()).services["console"] == ()


async def test_a_registry_that_is_away_is_told_and_what_was_known_stays(tmp_path: Path) -> None:
    registry = FakeRegistry({"ports": ["127.0.0.1:5001"]})
    async with console(tmp_path, registry) as one, await one.listen() as stream:
        await until(one, "ports", "console")
        registry.fail(discovery.RegistryUnavailable("gone"))
        async with asyncio.timeout(5):
            while (await event(stream, "services"))["registry"]["reachable"]:
                pass

        document = (await one("/data/services")).json

        assert document["registry"] == {"reachable": False, "problem": "gone"}
        ports = next(service for service in document["services"] if service["name"] == "ports")
        assert (ports["problem"], len(ports["instances"])) == ("gone", 1)
        registry.heal()


async def test_a_console_without_any_registry_serves_and_is_ready(tmp_path: Path) -> None:
    registry = FakeRegistry()
    registry.fail(discovery.RegistryUnavailable("nobody there"))
    async with console(tmp_path, registry) as one:
        document = (await one("/data/services")).json

        assert document["services"] == []
        assert document["registry"]["reachable"] is False
        assert document["registry"]["problem"]
        assert (await one("/health/ready")).status == 200
        assert (await one("/")).status == 200
        registry.heal()


async def test_services_beyond_what_one_process_may_follow_are_named(tmp_path: Path) -> None:
    registry = FakeRegistry({f"s{number}": ["127.0.0.1:1"] for number in range(4)})
    async with console(tmp_path, registry, max_services=3) as one:
        found = await until(one, "s0", "s1")

        assert found["s3"]["problem"].startswith("not followed")
        assert (found["s3"]["instances"], found["s3"]["age_s"]) == ([], None)
        assert (await one("/data/map")).status == 200


async def shown(one: Console, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The services, as soon as that *holds* for them."""
    async with asyncio.timeout(10), await one.listen() as stream:
        while True:
            found = {service["name"]: service for service in (await event(stream, "services"))["services"]}
            if holds(found):
                return found


async def test_who_found_no_room_is_followed_as_soon_as_another_one_has_left(tmp_path: Path) -> None:
    registry = FakeRegistry({name: ["127.0.0.1:1"] for name in ("a", "b", "c", "late")})
    async with console(tmp_path, registry, max_services=3) as one:
        found = await shown(one, lambda found: "late" in found and bool(found["late"]["problem"]))
        assert found["late"]["problem"] == "not followed: this process follows 3 services, as many as it may"
        registry.replace("a", [])
        registry.replace("b", [])

        found = await shown(one, lambda found: bool(found["late"]["instances"]))

        assert found["late"]["problem"] == ""


async def test_services_that_came_and_went_leave_no_trace(tmp_path: Path) -> None:
    registry = FakeRegistry()
    async with console(tmp_path, registry, max_services=4) as one:
        for number in range(2):
            names = [f"s{number}-{each}" for each in range(3)]
            for name in names:
                registry.replace(name, [instance(name, 1)])
            found = await until(one, *names)
            assert [found[name]["problem"] for name in names] == ["", "", ""]
            for name in names:
                registry.replace(name, [])
            await shown(one, lambda found, names=tuple(names): not found.keys() & set(names))  # type: ignore[misc]  # bound now

        registry.replace("s0-0", [instance("s0-0", 2)])
        found = await until(one, "s0-0")
        assert [each["address"] for each in found["s0-0"]["instances"]] == ["127.0.0.1:2"], "and it may come again"
