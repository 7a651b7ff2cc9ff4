"""Rules, dashboards and Jaeger's monitor ask for what a running system really emits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
import pytest_asyncio

from tests.observability.surroundings.programs import comes
from tests.observability.surroundings.queries import Query, Selector, queries, rules, selectors
from tests.observability.surroundings.system import System, serving, surroundings
from tests.observability.surroundings.traffic import traffic

pytestmark = [
    pytest.mark.consul,
    pytest.mark.jaeger,
    pytest.mark.prometheus,
    pytest.mark.asyncio(loop_scope="module"),
]

INSTANCES = ("console-1", "gateway-1", "laptops-1", "ports-1", "ports-2")

# What a healthy system does not emit, and why.
FAULTS_ONLY = {
    "otelcol_exporter_enqueue_failed_spans": "counted from the first queue that is full",
    "otelcol_exporter_enqueue_failed_metric_points": "likewise",
    "otelcol_exporter_enqueue_failed_log_records": "likewise",
    "collector:enqueue_failed:rate1m": "made of these",
    "ALERTS": "there while an alert is pending or fires",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """All of it, under traffic for long enough that every alert and panel was evaluated on data."""
    async with (
        surroundings(tmp_path_factory.mktemp("surroundings")) as system,
        serving(system, *INSTANCES),
        traffic(system),
    ):
        yield system


async def names(system: System) -> set[str]:
    """Every metric that Prometheus has heard of, recorded ones included."""
    return set((await system.get("prometheus", "/api/v1/label/__name__/values"))["data"])


async def tree(system: System, expr: str) -> Any:
    answer = await system.get("prometheus", "/api/v1/parse_query", query=expr)
    assert answer["status"] == "success", f"{expr}: {answer}"
    return answer["data"]


async def labels(system: System, metric: str) -> set[str]:
    """The labels that any series of *metric* has."""
    answer = await system.get("prometheus", "/api/v1/labels", **{"match[]": f'{{__name__="{metric}"}}'})
    return set(answer["data"])


async def wanted(system: System) -> dict[Selector, str]:
    """Every selector of every query, and where it stands."""
    found: dict[Selector, str] = {}
    for query in queries({"service": "laptops"}):
        for selector in selectors(await tree(system, query.expr)):
            found.setdefault(selector, query.where)
    return found


async def missing(system: System) -> list[str]:
    """What is asked for and not there."""
    known = await names(system)
    complaints = []
    for selector, where in (await wanted(system)).items():
        if selector.metric in FAULTS_ONLY:
            continue
        if selector.metric not in known:
            complaints.append(f"{where}: no metric {selector.metric}")
        elif lacking := selector.labels - await labels(system, selector.metric):
            complaints.append(f"{where}: {selector.metric} has no label {', '.join(sorted(lacking))}")
    return complaints


async def test_every_metric_and_label_that_is_asked_for_is_emitted(system: System) -> None:
    await comes(lambda: missing(system), lambda complaints: not complaints)


async def test_every_panel_shows_something(system: System) -> None:
    async def empty() -> list[str]:
        return [query.where for query in _panels() if not await system.query(query.expr)]

    await comes(empty, lambda complaints: not complaints)


def _panels() -> Iterable[Query]:
    return (query for query in queries({"service": "laptops"}) if query.panel and "enqueue_failed" not in query.expr)


async def test_every_recording_is_recorded(system: System) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule} - FAULTS_ONLY.keys()
    await comes(lambda: names(system), lambda known: recorded <= known)
    groups = (await system.get("prometheus", "/api/v1/rules"))["data"]["groups"]
    assert [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")] == []


async def test_the_edges_are_those_of_the_system(system: System) -> None:
    async def edges() -> set[tuple[str, str]]:
        found = await system.query("edge:attempt_duration_seconds:p95 and edge:calls:rate1m")
        return {(each["metric"]["service"], each["metric"]["service_peer_name"]) for each in found}

    # The gateway asks each service for the document of its API.
    known = {("gateway", "laptops"), ("gateway", "ports"), ("laptops", "ports")}
    await comes(edges, lambda found: found == known)


async def test_every_series_of_a_service_names_it_and_its_instance(system: System) -> None:
    async def series() -> list[dict[str, str]]:
        answer = await system.get("prometheus", "/api/v1/series", **{"match[]": '{__name__=~"mesh_.+|http_.+"}'})
        found: list[dict[str, str]] = answer["data"]
        return found

    measured = {(name.rpartition("-")[0], name) for name in INSTANCES if name != "console-1"}
    found = await comes(series, lambda found: {(each["service"], each["instance"]) for each in found} == measured)
    names = {"__name__", "job", "service", "instance", "le"}
    names |= {"error_type", "server_address", "service_peer_name", "url_scheme"}
    assert {label for each in found for label in each if not label.startswith(("mesh_", "http_"))} == names


async def test_an_alert_comes_of_the_errors(system: System) -> None:
    async def alerts() -> set[tuple[str, str]]:
        found = (await system.get("prometheus", "/api/v1/alerts"))["data"]["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"].get("service", "")) for alert in found}

    await comes(alerts, lambda found: found >= {("ServiceFails", "ports"), ("ErrorBudgetBurnsFast", "")})


async def test_jaegers_monitor_shows_calls_errors_and_latencies(system: System) -> None:
    asked = {"service": "laptops", "spanKind": "server", "step": "1000", "lookback": "60000", "ratePer": "60000"}

    async def highest(kind: str, **more: str) -> float:
        answer = await system.get("jaeger", f"/api/metrics/{kind}", **asked, **more)
        points = [point for metric in answer["metrics"] for point in metric["metricPoints"]]
        values = [point["gaugeValue"]["doubleValue"] for point in points if "gaugeValue" in point]
        return max((float(value) for value in values if value != "NaN"), default=0.0)

    await comes(lambda: highest("calls"), lambda rate: rate > 0)
    await comes(lambda: highest("errors"), lambda share: 0 < share < 1)
    # Its pages show milliseconds: a page of ours takes more than a tenth of one, and less than ten seconds.
    await comes(lambda: highest("latencies", quantile="0.95"), lambda latency: 0.1 < latency < 10_000)


async def test_an_exemplar_of_the_gateway_leads_to_its_trace_in_jaeger(system: System) -> None:
    async def trace() -> str:
        answer = await system.get(
            "prometheus",
            "/api/v1/query_exemplars",
            query='http_server_request_duration_seconds_bucket{service="gateway"}',
            start="0",
            end="99999999999",
        )
        for series in answer["data"]:
            for exemplar in series["exemplars"]:
                found = await system.get("jaeger", f"/api/traces/{exemplar['labels']['trace_id']}")
                if isinstance(found, dict) and found.get("data"):
                    return str(found["data"][0]["traceID"])
        return ""

    await comes(trace, bool)


async def test_the_console_gets_everything(system: System) -> None:
    await comes(
        lambda: system.get("console", "/data/status"),
        lambda status: all(status["received"][signal] > 0 for signal in ("traces", "logs", "metrics")),
    )
    assert await system.query("sum(otelcol_receiver_accepted_spans) > 0")


async def test_jaeger_keeps_what_failed_or_was_slow_and_no_more(system: System) -> None:
    await comes(
        lambda: system.query('otelcol_processor_tail_sampling_global_count_traces_sampled{sampled="false"} > 0'), bool
    )
    traces = (await system.get("jaeger", "/api/traces", service="gateway", limit="200"))["data"]
    assert traces
    for trace in traces:
        begun = min(span["startTime"] for span in trace["spans"])
        ended = max(span["startTime"] + span["duration"] for span in trace["spans"])
        failed = any(tag["key"] == "error" and tag["value"] for span in trace["spans"] for tag in span["tags"])
        assert failed or ended - begun >= 500_000, trace["traceID"]


async def test_while_jaeger_is_away_the_others_get_theirs_and_nobody_is_refused(system: System) -> None:
    async def counted() -> float:
        return float((await system.query("sum(traces_span_metrics_calls_total)"))[0]["value"][1])

    async def received() -> int:
        return int((await system.get("console", "/data/status"))["received"]["traces"])

    async with system.away("jaeger"):
        # Until its queue is full, and what comes for it is lost.
        await comes(lambda: system.query('collector:enqueue_failed:rate1m{exporter="otlp/jaeger"} > 0'), bool)
        spans, stored = await counted(), await received()
        await comes(counted, lambda now: now > spans + 50)
        await comes(received, lambda now: now > stored + 50)
        assert await system.query("sum(otelcol_receiver_refused_spans) == 0")
        assert not await system.query('collector:enqueue_failed:rate1m{exporter="otlphttp/console"} > 0')
