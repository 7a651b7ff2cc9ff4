from __future__ import annotations

import asyncio
from contextlib import closing, suppress

from benchmarks.chaos.gateway.smuggling import beside, rows_of, sent
from benchmarks.gateway import corpus


async def test_a_gateway_that_passes_all_on_is_found_out() -> None:
    async def passing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", upstream.port)
        with suppress(ConnectionError), closing(writer), closing(onward):
            onward.write(await reader.read(1_000_000))
            onward.close()
            writer.write(await there.read())

    async with (
        corpus.Upstream().serving() as upstream,
        await asyncio.start_server(passing, "127.0.0.1", 0) as gateway,
    ):
        wrong = await sent(gateway.sockets[0].getsockname(), upstream)

    assert len(wrong) > len(corpus.cases()) / 2


def test_another_gateway_is_told_by_what_the_requests_are_about_and_held_to_nothing() -> None:
    cases = corpus.cases()
    whole, *parts = beside("another", {cases[0].title: "it reached a service", cases[-1].title: "an answer is [500]"})

    assert (whole.value, whole.unit) == (2, f"of {len(cases)}")
    assert [row.value for row in parts] == [1, 0, 0, 0, 1]
    assert sum(int(row.unit.removeprefix("of ")) for row in parts) == len(cases)
    assert not any(row.reach for row in (whole, *parts))


async def test_a_head_without_an_end_is_taken_and_told() -> None:
    async with corpus.Upstream().serving() as upstream:
        reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
        with closing(writer):
            writer.write(b"G" * 100_000)
            assert await reader.read() == b""
        (taken,) = upstream.take()

    assert taken.startswith(b"GGGG")


def test_one_is_one_too_many() -> None:
    assert rows_of("the gateway", {}, 9)[0].met
    assert not rows_of("the gateway", {"path: //": "reached a service"}, 9)[0].met
