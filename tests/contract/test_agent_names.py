"""The names that a service may have, and how they are found."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from aiohttp import web

import discovery
from tests.contract.api import Api


async def found(api: Api, name: str) -> list[tuple[str, str]]:
    """The ids and names of the instances that are found by a name."""
    answer = await api.get(f"/v1/health/service/{quote(name)}")
    return sorted((entry["Service"]["ID"], entry["Service"]["Service"]) for entry in answer.json)


@pytest.mark.parametrize("suffix", ["_x", ".users", " b", "ö", "/b", ":80"])
async def test_nearly_any_name_is_registered_and_found(api: Api, name: str, suffix: str) -> None:
    odd = f"{name}{suffix}"
    await api.register(odd, ID=f"{name}-1", Address="127.0.0.1", Port=1, Check={"TTL": "1h", "Status": "passing"})
    await api.until_catalogued(quote(odd))
    assert await found(api, odd) == [(f"{name}-1", odd)]
    assert odd in (await api.get("/v1/catalog/services")).json


async def test_a_name_is_found_in_capitals_and_in_small_letters(api: Api, name: str) -> None:
    capital = name.upper()
    assert capital != name.lower()
    await api.register(capital, ID=f"{name}-1", Tags=["a"], Check={"TTL": "1h", "Status": "passing"})
    await api.until_catalogued(capital)
    both = [(f"{name}-1", capital)]
    assert [await found(api, each) for each in (capital, name.lower(), name.capitalize())] == [both] * 3
    assert (await api.get(f"/v1/catalog/service/{name.lower()}")).json[0]["ServiceName"] == capital
    assert set(await api.checks(name.lower())) == {f"service:{name}-1"}
    _, answer = await api.woken(f"/v1/health/service/{name.lower()}", api.register(capital, ID=f"{name}-1", Port=1))
    assert answer.json[0]["Service"]["Port"] == 1


async def test_two_that_write_it_differently_are_one_service(api: Api, name: str) -> None:
    await api.register(name.upper(), ID=f"{name}-1", Tags=["a"])
    await api.until_catalogued(name, 1)
    await api.register(name.lower(), ID=f"{name}-2", Tags=["b"])
    await api.until_catalogued(name, 2)
    assert await found(api, name) == [(f"{name}-1", name.upper()), (f"{name}-2", name.lower())]
    names = (await api.get("/v1/catalog/services")).json
    assert {key: value for key, value in names.items() if key.lower() == name.lower()} == {
        name.upper(): ["a"],
        name.lower(): ["b"],
    }
    await api.done(f"/v1/agent/service/deregister/{name}-1")
    await api.until_catalogued(name, 1)
    assert await found(api, name.upper()) == [(f"{name}-2", name.lower())]


async def test_a_server_of_ours_registers_and_is_called_by_such_a_name(agent_url: str, api: Api, name: str) -> None:
    ours = f"{name}.com.example.Users_API"
    config = discovery.MeshConfig(name=ours, consul_url=agent_url, drain_s=0, lookup_timeout_s=20)
    async with discovery.serving(web.Application(), config) as server:
        for service in (ours, ours.lower(), ours.upper()):
            async with server.mesh.service(service).get("/health/ready") as response:
                (attempt,) = discovery.attempts(response)
            assert (attempt.instance.id, attempt.instance.service) == (server.instance.id, ours)
        assert ours in await server.mesh.names(ours.lower())
    assert await found(api, ours) == []
