"""Every service with its own token where all else is denied: its policy is enough, and no line of it can be missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from services.gateway.allow_list import DEFAULT
from tests.consul.cluster import Cluster
from tests.consul.members import ABILITIES, ATTEMPTS, BUILD, Member, calls, lacking, member
from tests.consul.rules import each_rule, parts, token_without
from tests.contract.api import Api

pytestmark = [pytest.mark.consul, pytest.mark.asyncio(loop_scope="module")]

Everybody = dict[str, Member]

# All else that it can do it has done by then, so what comes at all would come within moments.
_STILL_LACKING_S = 0.3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chief(cluster: Cluster) -> AsyncIterator[Api]:
    """The agent, asked by whoever may do everything."""
    async with aiohttp.ClientSession(cluster.agent.url, headers=cluster.manager) as session:
        yield Api(session)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody(cluster: Cluster, chief: Api, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Everybody]:
    """All services, each with the token that it has in the cluster mode."""
    data = tmp_path_factory.mktemp("data")
    for name in BUILD:
        await chief.done(f"/v1/kv/mesh/{name}/attempts", str(ATTEMPTS))
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(
                member(name, cluster.agent.url, cluster.secrets / f"{name}.token", data, chief)
            )
            for name in BUILD
        }
    await chief.ask("DELETE", "/v1/kv/mesh/", recurse="")


def taken_away(service: str, rule: str) -> set[str]:
    """What a service cannot do any more without a rule."""
    kind, name = parts(rule)
    called = {ability for ability in ABILITIES[service] if ability.startswith(calls(""))}
    if kind == "key_prefix":
        return {"follows its settings"}
    if kind == "node_prefix":
        return {"sees itself", *called} | ABILITIES[service].keys() & {"shows everybody"}
    if kind == "service_prefix":
        return {"shows everybody"}
    if name == service:
        return {"registers", "sees itself"}
    lost = {calls(name)}
    if (service, name) == ("marketplace", "laptops"):
        # The shop shows ports and recommends beside the laptops, and there are none.
        return {calls(shown) for shown in ("laptops", "ports", "recommendations")}
    if service == "gateway" and name in DEFAULT[: DEFAULT.index("payments")]:
        lost.add(calls("payments"))  # whose ledger may turn out to be of one that comes before it in the list
    return lost


async def test_with_its_own_token_every_service_does_all_it_is_there_for(everybody: Everybody) -> None:
    missing = await asyncio.gather(*(lacking(each, set(ABILITIES[each.name])) for each in everybody.values()))
    assert dict(zip(everybody, missing, strict=True)) == {name: set() for name in everybody}


async def test_a_setting_that_an_operator_changes_is_followed(everybody: Everybody, chief: Api) -> None:
    laptops = everybody["laptops"]
    await chief.done("/v1/kv/mesh/laptops/attempts", "1")
    assert await lacking(laptops, {"calls ports"}) == set()
    await chief.done("/v1/kv/mesh/laptops/attempts", str(ATTEMPTS))
    assert await lacking(laptops, {"follows its settings"}) == set()


@pytest.mark.parametrize(("service", "rule"), each_rule(*BUILD))
async def test_no_line_of_a_policy_can_be_missing(
    service: str, rule: str, cluster: Cluster, chief: Api, everybody: Everybody, tmp_path: Path
) -> None:
    lost = taken_away(service, rule)
    assert lost <= ABILITIES[service].keys(), "nothing is known that it would be for"
    token = tmp_path / "token"
    token.write_text(await token_without(rule, service, cluster, chief))
    async with member(service, cluster.agent.url, token, tmp_path, chief) as lame:
        assert await lacking(lame, ABILITIES[service].keys() - lost) == set()
        assert await lacking(lame, lost, _STILL_LACKING_S) == lost
