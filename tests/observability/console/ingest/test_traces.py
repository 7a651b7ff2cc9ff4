from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from observability.console.ingest import traces as module
from observability.console.ingest.stored import Stored
from tests.observability.console.ingest.otlp import START, console, pairs, span, span_id, spans, trace_id

SUMMARY = "SELECT * FROM traces"
HOUR = 3_600 * 10**9


async def test_a_span_becomes_a_row_with_what_the_pages_ask_for(tmp_path: Path) -> None:
    sent = span(2, parent=1, name="GET", kind=Span.SPAN_KIND_CLIENT, failed=True, mesh_attempt=2)
    sent.attributes.extend(
        pairs({"http.route": "/ports", "http.response.status_code": 503, "service.peer.name": "ports"})
    )
    sent.events.add(name="retry", time_unix_nano=START, attributes=pairs({"why": "nacked"}))
    sent.links.add(trace_id=trace_id(9), span_id=span_id(9))
    async with console(tmp_path) as stores:
        assert await stores.store(spans(sent)) == Stored(new=1)
        [row] = await stores.rows("SELECT * FROM spans")
        [resource] = await stores.rows("SELECT * FROM resources")
    assert (row["trace_id"], row["span_id"], row["parent_id"]) == (trace_id(1), span_id(2), span_id(1))
    assert (row["kind"], row["failed"], row["route"], row["status"]) == ("client", 1, "/ports", 503)
    assert (row["peer"], row["attempt"], row["resource"]) == ("ports", 2, resource["id"])
    assert row["events"] == f'[{{"name":"retry","time_ns":{START},"attributes":{{"why":"nacked"}}}}]'
    assert row["links"] == f'[{{"trace_id":"{trace_id(9).hex()}","span_id":"{span_id(9).hex()}","attributes":{{}}}}]'
    assert (resource["service"], resource["instance"]) == ("ports", "ports-1")


async def test_a_trace_is_summed_up_over_requests_in_any_order(tmp_path: Path) -> None:
    child = span(3, parent=2, start=START + 20, end=START + 30, name="GET /ports", failed=True)
    attempt = span(2, parent=1, start=START + 10, end=START + 40, name="GET", mesh_attempt=2)
    root = span(1, start=START, end=START + 50, name="GET /laptops", http_route="/laptops")
    async with console(tmp_path) as stores:
        await stores.store(spans(child))
        [early] = await stores.rows(SUMMARY)
        await stores.store(spans(attempt, root, service="gateway"))
        [whole] = await stores.rows(SUMMARY)
        members = await stores.rows("SELECT service, spans FROM members ORDER BY service")
    assert (early["rooted"], early["service"], early["name"]) == (0, "ports", "GET /ports")
    assert (whole["rooted"], whole["service"], whole["name"]) == (1, "gateway", "GET /laptops")
    assert (whole["start_ns"], whole["end_ns"]) == (START, START + 50)
    assert (whole["spans"], whole["errors"], whole["retries"]) == (3, 1, 1)
    assert whole["route"] == "/laptops"
    assert [tuple(member.values()) for member in members] == [("gateway", 2), ("ports", 1)]


async def test_without_a_root_what_began_first_stands_for_the_trace(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.store(spans(span(3, parent=2, start=START + 1, name="later"), span(2, parent=9, name="first")))
        await stores.store(spans(span(4, parent=9, start=START - 9, name="another request's")))
        [summary] = await stores.rows(SUMMARY)
    assert (summary["name"], summary["rooted"], summary["start_ns"]) == ("first", 0, START - 9)


async def test_a_root_is_not_replaced_by_what_comes_later(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.store(spans(span(1, name="root", end=START + 5)))
        await stores.store(spans(span(2, parent=1, name="child", start=0)))
        await stores.store(spans(span(3, name="another root", start=0)))
        [summary] = await stores.rows(SUMMARY)
    assert (summary["name"], summary["start_ns"], summary["end_ns"]) == ("root", START, START + 5)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("together", [1, 2, 3])
async def test_a_trace_lasts_as_long_as_its_root_whatever_the_clocks_of_others_say(
    tmp_path: Path, order: tuple[int, ...], together: int
) -> None:
    sent = [
        span(1, start=START, end=START + 100),
        span(2, parent=1, start=START + HOUR, end=START + HOUR + 10),
        span(3, parent=2, start=START - HOUR, end=START - HOUR + 10),
    ]
    async with console(tmp_path) as stores:
        for at in range(0, 3, together):
            for _ in range(2):
                await stores.store(spans(*(sent[number] for number in order[at : at + together])))
        [summary] = await stores.rows(SUMMARY)
    assert (summary["start_ns"], summary["end_ns"], summary["spans"]) == (START, START + 100, 3)


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ((0, 0), (START, START)),
        ((0, START - 1), (START, START)),
        ((2**64 - 1, 2**64 - 1), (START, START)),
        ((START - HOUR, 2**64 - 1), (START - HOUR, START)),
    ],
)
@pytest.mark.parametrize("parent", [0, 9])
async def test_no_list_believes_a_clock_that_is_wrong_by_days_and_the_span_keeps_its_times(
    tmp_path: Path, parent: int, ends: tuple[int, int], told: tuple[int, int]
) -> None:
    async with console(tmp_path) as stores:
        await stores.store(spans(span(1, parent=parent, start=ends[0], end=ends[1])))
        [summary] = await stores.rows(SUMMARY)
        [row] = await stores.rows("SELECT start_ns, end_ns FROM spans")
    assert (summary["start_ns"], summary["end_ns"]) == told
    assert tuple(row.values()) == tuple(min(end, 2**63 - 1) for end in ends)


async def test_a_5xx_is_an_error_whatever_its_span_says_of_itself_and_a_4xx_is_none(tmp_path: Path) -> None:
    several = [span(1), span(2, failed=True), span(3, failed=True), span(4)]
    for each, status in zip(several, (503, 404, 0, 200), strict=True):
        each.attributes.extend(pairs({"http.response.status_code": status}))
    async with console(tmp_path) as stores:
        for each, errors in zip(several, (1, 1, 2, 2), strict=True):
            await stores.store(spans(each))
            [summary] = await stores.rows(SUMMARY)
            assert summary["errors"] == errors


async def test_a_span_that_comes_twice_counts_once(tmp_path: Path) -> None:
    one, two, three = span(1), span(2, parent=1, failed=True, mesh_attempt=2), span(3, parent=1)
    async with console(tmp_path) as stores:
        assert await stores.store(spans(one, two, two)) == Stored(new=2)
        assert await stores.store(spans(two, one)) == Stored()
        assert await stores.store(spans(two, three)) == Stored(new=1)
        [summary] = await stores.rows(SUMMARY)
        [member] = await stores.rows("SELECT spans FROM members")
        assert len(await stores.rows("SELECT * FROM spans")) == 3
        assert stores.recorder.received["traces"] == 3
        assert stores.recorder.sequence == 2
    assert (summary["spans"], summary["errors"], summary["retries"], member["spans"]) == (3, 1, 1, 3)


async def test_the_same_span_id_in_two_traces_is_two_spans(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        assert await stores.store(spans(span(1, trace=1), span(1, trace=2))) == Stored(new=2)


@pytest.mark.parametrize("ends", [(START + 5, START), (0, 2**64 - 1), (2**64 - 1, 0)])
async def test_clocks_that_are_wrong_are_stored_as_they_are_within_what_a_number_can_be(
    tmp_path: Path, ends: tuple[int, int]
) -> None:
    async with console(tmp_path) as stores:
        assert (await stores.store(spans(span(start=ends[0], end=ends[1])))).new == 1
        [row] = await stores.rows("SELECT start_ns, end_ns FROM spans")
    assert tuple(row.values()) == tuple(min(end, 2**63 - 1) for end in ends)


async def test_spans_without_proper_ids_are_left_out_and_the_rest_is_kept(tmp_path: Path) -> None:
    broken = [span(), span(), span(), span(), span()]
    broken[0].trace_id = b"short"
    broken[1].span_id = b""
    broken[2].parent_span_id = b"123"
    broken[3].trace_id = bytes(16)
    broken[4].span_id = bytes(8)
    async with console(tmp_path) as stores:
        stored = await stores.store(spans(span(1), *broken, span(2)))
    assert stored == Stored(new=2, broken=5)
    assert stored.reason == "5 with ids or values that are none"


async def test_a_parent_of_zeros_is_none(tmp_path: Path) -> None:
    root = span()
    root.parent_span_id = bytes(8)
    async with console(tmp_path) as stores:
        await stores.store(spans(root))
        assert [row["rooted"] for row in await stores.rows(SUMMARY)] == [1]


async def test_a_trace_without_end_is_kept_up_to_a_limit_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SPANS", 3)
    async with console(tmp_path) as stores:
        assert await stores.store(spans(span(1), span(2))) == Stored(new=2)
        stored = await stores.store(spans(span(3), span(4), span(5), span(1, trace=2)))
        assert stored == Stored(new=2, dropped=2)
        assert stored.reason == "2 of traces that are too long"
        assert stores.recorder.dropped["traces"] == 2
        assert [row["spans"] for row in await stores.rows(SUMMARY)] == [3, 1]


async def test_a_span_has_only_so_many_bytes_whatever_was_sent(tmp_path: Path) -> None:
    sent = span()
    sent.attributes.extend(pairs({f"a{number}": "x" * 20_000 for number in range(120)}))
    for number in range(50):
        sent.events.add(name="e" * 2_000, attributes=pairs({f"a{number}": "x" * 20_000}))
        sent.links.add(trace_id=trace_id(9), span_id=span_id(9), attributes=pairs({"a": "x" * 20_000}))
    async with console(tmp_path) as stores:
        await stores.store(spans(sent))
        [row] = await stores.rows("SELECT length(attributes) AS a, length(events) AS e, length(links) AS l FROM spans")
    assert 16_384 < sum(row.values()) <= 65_536


async def test_many_spans_of_many_traces_come_in_one_request(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        stored = await stores.store(spans(*(span(number, trace=number // 2 + 1) for number in range(1, 5001))))
        assert stored == Stored(new=5000)
        assert (await stores.rows("SELECT count(*) AS n, sum(spans) AS spans FROM traces")) == [
            {"n": 2501, "spans": 5000}
        ]


async def test_two_resources_in_one_request_are_two_speakers_and_equal_ones_share_a_row(tmp_path: Path) -> None:
    both = ExportTraceServiceRequest()
    both.MergeFromString(spans(span(1), service="gateway"))
    both.MergeFromString(spans(span(2, parent=1), service="ports"))
    async with console(tmp_path) as stores:
        await stores.store(both.SerializeToString())
        await stores.store(spans(span(3, parent=1), service="ports"))
        resources = await stores.rows("SELECT service FROM resources ORDER BY id")
        of_spans = await stores.rows("SELECT service FROM spans JOIN resources ON resource = resources.id")
    assert [row["service"] for row in resources] == ["gateway", "ports"]
    assert [row["service"] for row in of_spans] == ["gateway", "ports", "ports"]


async def test_somebody_without_a_name_is_called_so(tmp_path: Path) -> None:
    nameless = ExportTraceServiceRequest()
    nameless.resource_spans.add().scope_spans.add().spans.append(span())
    async with console(tmp_path) as stores:
        await stores.store(nameless.SerializeToString())
        assert [row["service"] for row in await stores.rows(SUMMARY)] == ["unknown_service"]
