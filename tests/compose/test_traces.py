"""One request, as Jaeger and the console tell of it: the same spans, to the last attribute."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from discovery.clock import SystemClock
from launcher.plan import ROOT
from launcher.stack.stack import Stack
from observability.jaeger import read_jaeger
from observability.tree import trace_tree
from tests.compose.probes import LAPTOP, container, inspect, read
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

EVERYBODY = {"gateway", "marketplace", "recommendations", "laptops", "ports"}
# Whom nobody asks for a page: accounts for their keys, and all that are led to for their documents.
BESIDE = {
    *((caller, "accounts") for caller in ("gateway", "laptops", "notifications", "orders", "payments", "ports")),
    *(("gateway", led_to) for led_to in ("notifications", "orders", "payments", "ports", "recommendations")),
    *(("marketplace", asked) for asked in ("accounts", "notifications", "orders", "ports")),
    *(("orders", asked) for asked in ("laptops", "notifications", "payments", "recommendations")),
    ("laptops", "recommendations"),  # events
}
# What Jaeger adds to a span, and why that is right.
ADDED = {"otel.scope.name": "the library that made the span, which OTLP carries beside the attributes"}
# On a busy machine a caller may no longer wait for a span, which so seems to lie outside of the one that caused it.
# Jaeger moves it there, and says so; the console does where it shows it, and tells here what it was told.
MOVED = re.compile(r"This span's timestamps were adjusted by ")


class Viewers:
    """Jaeger and the console, by the API that both of them have."""

    def __init__(self, session: aiohttp.ClientSession, jaeger: str, console: str) -> None:
        self._session = session
        self.urls = {"jaeger": jaeger, "console": console}

    async def answer(self, viewer: str, path: str, **query: str) -> Any:
        return await read(self._session, f"{self.urls[viewer]}{path}", **query)

    async def trace(self, viewer: str, trace_id: str, spans: int = 1) -> dict[str, Any]:
        """A trace as the viewer has it, once it has so many spans."""

        async def found() -> dict[str, Any]:
            answer = await self.answer(viewer, f"/api/traces/{trace_id}")
            document: dict[str, Any] = answer["data"][0] if answer and answer["data"] else {"spans": []}
            return document

        return await comes(found, lambda document: len(document["spans"]) >= spans)

    async def has(self, viewer: str, trace_id: str) -> bool:
        answer = await self.answer(viewer, f"/api/traces/{trace_id}")
        return bool(answer and answer["data"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def viewers(stack: Stack, session: aiohttp.ClientSession) -> Viewers:
    return Viewers(session, await stack.url("jaeger", 16686), await stack.url("console", 4318))


async def page(stack: Stack, session: aiohttp.ClientSession, path: str, status: int) -> str:
    """Open a page of the shop, made by everybody together; the answer is the id of its trace, which it tells."""
    async with session.get(f"{await stack.url('gateway', 8080)}{path}") as response:
        text = await response.text()
    assert response.status == status
    found = re.search(r"/trace/([0-9a-f]{32})", text)
    assert found is not None, text[:500]
    return found[1]


async def ask(stack: Stack, session: aiohttp.ClientSession, path: str) -> str:
    """Ask as a stranger; the answer is the id of the trace, by which the gateway names what was asked."""
    async with session.get(f"{await stack.url('gateway', 8080)}{path}") as response:
        await response.read()
        return response.headers["X-Request-Id"]


def spans_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each span by its id, whole, with what made it in the place of a reference to that."""
    found = {}
    for span in document["spans"]:
        process = document["processes"][span["processID"]]
        found[span["spanID"]] = {
            **{key: value for key, value in span.items() if key not in {"processID", "tags", "logs"}},
            "service": process["serviceName"],
            "process": typed(process["tags"]),
            "tags": {key: value for key, value in typed(span["tags"]).items() if key not in ADDED},
            "logs": [(log["timestamp"], typed(log["fields"])) for log in span["logs"]],
        }
    return found


def typed(tags: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    found = {tag["key"]: (tag["type"], tag["value"]) for tag in tags}
    assert len(found) == len(tags), "one of them is there twice"
    return found


# A page and its status, and who has to do with it.
PAGES = {
    "answered": ("/laptops/1", 200, EVERYBODY),
    "failed": ("/laptops/999999", 404, {"gateway", "marketplace", "laptops"}),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traces(stack: Stack, session: aiohttp.ClientSession) -> dict[str, str]:
    """The ids of their traces; asked for at once, since Jaeger has them only after a while."""
    return {name: await page(stack, session, path, status) for name, (path, status, _) in PAGES.items()}


@pytest.mark.parametrize("name", PAGES)
async def test_jaeger_and_the_console_tell_the_same_of_one_request(
    name: str, traces: dict[str, str], viewers: Viewers
) -> None:
    trace_id, (_, status, services) = traces[name], PAGES[name]
    # What comes late follows the decision, so either may be the one that has all.
    first = await viewers.trace("jaeger", trace_id)
    in_console = await viewers.trace("console", trace_id, len(first["spans"]))
    in_jaeger = await viewers.trace("jaeger", trace_id, len(in_console["spans"]))

    one, other = spans_of(in_jaeger), spans_of(in_console)
    assert one.keys() == other.keys()
    for span_id, span in one.items():
        if MOVED.match(*(span["warnings"] or [""])):
            span |= {field: other[span_id][field] for field in ("startTime", "logs", "warnings")}
        assert span == other[span_id], span["operationName"]
    assert in_jaeger["traceID"] == in_console["traceID"] == trace_id
    assert (in_jaeger["warnings"], in_console["warnings"]) == (None, None)
    assert {span["service"] for span in one.values()} >= services
    assert any(span["tags"].get("error") == ("bool", True) for span in one.values()) == (status >= 400)
    assert {tag["key"] for span in in_jaeger["spans"] for tag in span["tags"]} >= ADDED.keys()

    # As a reader of either has them: one request of the gateway, and all others below it.
    (from_jaeger,), (from_console,) = read_jaeger({"data": [in_jaeger]}), read_jaeger({"data": [in_console]})
    nodes = trace_tree(from_console)
    assert {(node.depth, node.name, node.instance) for node in trace_tree(from_jaeger)} == {
        (node.depth, node.name, node.instance) for node in nodes
    }
    assert [(node.service, node.kind) for node in nodes if node.depth == 0] == [("gateway", "server")]


async def test_both_know_the_services_and_who_calls_whom(
    stack: Stack, session: aiohttp.ClientSession, viewers: Viewers
) -> None:
    for path in ("/laptops/1", LAPTOP):
        await ask(stack, session, path)
    lately = {"endTs": "4000000000000", "lookback": "4000000000000"}

    async def services(viewer: str) -> set[str]:
        answer = await viewers.answer(viewer, "/api/services")
        return set(answer["data"]) if answer else set()

    async def calls(viewer: str) -> set[tuple[str, str]]:
        edges = (await viewers.answer(viewer, "/api/dependencies", **lately))["data"]
        return {(edge["parent"], edge["child"]) for edge in edges}

    edges = {
        ("gateway", "marketplace"),
        ("gateway", "laptops"),
        ("marketplace", "laptops"),
        ("marketplace", "recommendations"),
        ("recommendations", "laptops"),
        ("laptops", "ports"),
    }
    for viewer in viewers.urls:
        await comes(
            partial(services, viewer),
            lambda found: found == {*EVERYBODY, "accounts", "notifications", "orders", "payments"},
        )
        await comes(partial(calls, viewer), lambda found: edges <= found <= edges | BESIDE)


async def test_jaegers_monitor_has_rates_and_latencies(
    stack: Stack, session: aiohttp.ClientSession, viewers: Viewers
) -> None:
    asked = {"service": "gateway", "spanKind": "server", "step": "5000", "lookback": "600000", "ratePer": "60000"}

    async def highest(kind: str, **more: str) -> float:
        # A rate takes two looks of Prometheus with something between them.
        await ask(stack, session, "/laptops/1")
        answer = await viewers.answer("jaeger", f"/api/metrics/{kind}", **asked, **more)
        points = [point for metric in answer["metrics"] for point in metric["metricPoints"]]
        values = [point["gaugeValue"]["doubleValue"] for point in points if "gaugeValue" in point]
        return max((float(value) for value in values if value != "NaN"), default=0.0)

    await comes(lambda: highest("calls"), lambda rate: rate > 0)
    # Its pages show milliseconds: a page of ours takes more than one, and less than ten seconds.
    await comes(lambda: highest("latencies", quantile="0.95"), lambda latency: 1 < latency < 10_000)


def otlp(trace_id: str, *, failed: bool) -> dict[str, Any]:
    """A trace of one span of no length that has just been, as OTLP's JSON."""
    now = str(int(SystemClock().wall() * 10**9))
    span = {"traceId": trace_id, "spanId": trace_id[:16], "name": "sampled", "kind": 2}
    times = {"startTimeUnixNano": now, "endTimeUnixNano": now, "status": {"code": 2} if failed else {}}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "gateway"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [{**span, **times}]}]}]}


async def test_what_is_not_sampled_is_in_the_console_alone_and_an_error_is_in_both(
    stack: Stack, family: str, session: aiohttp.ClientSession, viewers: Viewers
) -> None:
    # A collector as the stack's, with its Jaeger and its console, which keeps nothing but what it must.
    (image,) = {image for image in await stack.images() if "opentelemetry-collector" in image}
    configuration = ROOT / "observability" / "collector.yaml"
    options = (
        *("--network", f"{stack.project}_microservices", "--publish", "127.0.0.1::4318"),
        *("--volume", f"{configuration}:/etc/proconsul/collector.yaml:ro", "--env", "SAMPLED_PERCENT=0"),
    )
    command = "--config=/etc/proconsul/collector.yaml"
    ordinary, failed = uuid4().hex, uuid4().hex
    async with container(stack.engine, family, image, command, options=options) as name:
        port = (await inspect(stack.engine, name))["NetworkSettings"]["Ports"]["4318/tcp"][0]["HostPort"]

        async def sent(document: dict[str, Any]) -> int:
            async with session.post(f"http://127.0.0.1:{port}/v1/traces", json=document) as response:
                return response.status

        await comes(lambda: sent(otlp(ordinary, failed=False)), lambda status: status == 200)
        assert await sent(otlp(failed, failed=True)) == 200
        # The later of the two is decided upon later.
        await viewers.trace("jaeger", failed)
        await viewers.trace("console", failed)
        await viewers.trace("console", ordinary)
        assert not await viewers.has("jaeger", ordinary)
