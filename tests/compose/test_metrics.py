"""Prometheus asks everybody whom it should and nobody else, and has what dashboards and alerts ask it for."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from discovery import wire
from launcher.plan import SYSTEM
from launcher.stack.stack import Stack
from tests.compose.probes import LAPTOP, read, registered, status
from tests.observability.surroundings.programs import comes
from tests.observability.surroundings.queries import queries, selectors

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

# Jobs that do not ask Consul whom to scrape, and how many targets each has.
FIXED = {"collector": 1, "consul-agent": 1, "jaeger": 1, "prometheus": 1, "spans": 1, "unscraped": 1}
# What a stack in which nothing fails does not emit, and why.
FAULTS_ONLY = {
    "otelcol_exporter_enqueue_failed_spans": "counted from the first queue that is full",
    "otelcol_exporter_enqueue_failed_metric_points": "likewise",
    "otelcol_exporter_enqueue_failed_log_records": "likewise",
    "collector:enqueue_failed:rate1m": "made of these",
    "mesh_client_resends_total": "counted from the first attempt that is repeated",
    "edge:resends:rate1m": "made of it",
    "ALERTS": "there while an alert is pending or fires",
}


class Prometheus:
    """The stack's."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def ask(self, path: str, **query: str) -> Any:
        answer = await read(self._session, f"{self._url}/api/v1/{path}", **query)
        assert answer["status"] == "success", answer
        return answer["data"]

    async def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("targets", state="active"))["activeTargets"]
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def prometheus(stack: Stack, session: aiohttp.ClientSession) -> Prometheus:
    return Prometheus(session, await stack.url("prometheus", 9090))


async def test_every_target_is_up_and_those_from_consul_are_the_instances_with_the_tag(
    stack: Stack, session: aiohttp.ClientSession, prometheus: Prometheus
) -> None:
    scraped = {name for name in SYSTEM if name not in {"gateway", "console"}}

    async def tagged() -> set[tuple[str, str, str]]:
        return {
            (service, each["ID"], f"{each['Address']}:{each['Port']}")
            for service in SYSTEM
            for each in (await registered(stack, session, service)).values()
            if "metrics" in each["Tags"]
        }

    async def services() -> set[tuple[str, str, str]]:
        return {
            (each["labels"]["service"], each["labels"]["instance"], each["discoveredLabels"]["__address__"])
            for each in await prometheus.targets()
            if each["labels"]["job"] == "services"
        }

    async def unwell() -> list[str]:
        targets = await prometheus.targets()
        return [f"{each['scrapeUrl']}: {each['lastError']}" for each in targets if each["health"] != "up"]

    instances = await comes(tagged, lambda found: len(found) == sum(SYSTEM[name] for name in scraped))
    assert {service for service, _, _ in instances} == scraped
    await comes(services, lambda found: found == instances)
    await comes(unwell, lambda found: not found)

    jobs = [each["labels"]["job"] for each in await prometheus.targets()]
    assert {job: jobs.count(job) for job in jobs} == {**FIXED, "services": len(instances), "consul-servers": 1}


async def test_what_dashboards_and_alerts_ask_for_is_there(
    stack: Stack, session: aiohttp.ClientSession, prometheus: Prometheus
) -> None:
    asked: dict[str, str] = {}
    for query in queries({"service": "laptops"}):
        for selector in selectors(await prometheus.ask("parse_query", query=query.expr)):
            asked.setdefault(selector.metric, query.where)
    assert len(asked) > 50
    gateway = await stack.url("gateway", 8080)
    laptops = next(iter((await registered(stack, session, "laptops")).values()))

    async def missing() -> dict[str, str]:
        # So that rates have something to tell of; and a caller whose time is up is refused unprocessed.
        assert await status(session, f"{gateway}{LAPTOP}") == 200
        late = {wire.DEADLINE: "0"}
        async with session.get(f"http://{laptops['Address']}:{laptops['Port']}/laptops/1", headers=late):
            pass
        known = set(await prometheus.ask("label/__name__/values"))
        return {metric: where for metric, where in asked.items() if metric not in known | FAULTS_ONLY.keys()}

    await comes(missing, lambda found: not found)


async def test_no_rule_fails(prometheus: Prometheus) -> None:
    groups = (await prometheus.ask("rules"))["groups"]
    assert groups
    assert [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")] == []


async def test_the_gateway_is_seen_without_being_scraped(prometheus: Prometheus) -> None:
    async def seen() -> set[tuple[str, str]]:
        query = 'group by (job, service) (http_server_request_duration_seconds_count{service="gateway"})'
        found = (await prometheus.ask("query", query=query))["result"]
        return {(each["metric"]["job"], each["metric"]["service"]) for each in found}

    await comes(seen, lambda found: found == {("unscraped", "gateway")})
