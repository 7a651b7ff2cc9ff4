"""Servers that misbehave, as a plain client sees them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from discovery.testing.servers import (
    Behaviour,
    answers_garbage,
    closes_idle,
    drips,
    hangs_up,
    misbehaving,
    never_answers,
    refusing,
    resets,
)


@pytest.mark.parametrize(
    ("behaviour", "error", "heads"),
    [
        (resets, aiohttp.ClientOSError, 0),
        (hangs_up, aiohttp.ServerDisconnectedError, 1),
        (never_answers, TimeoutError, 1),
        (answers_garbage, aiohttp.ClientResponseError, 1),
        (drips, TimeoutError, 1),
    ],
)
async def test_each_fails_in_its_own_way_and_keeps_what_it_was_sent(
    behaviour: Behaviour, error: type[Exception], heads: int
) -> None:
    async with misbehaving(behaviour) as server, aiohttp.ClientSession() as session:
        timeout = aiohttp.ClientTimeout(total=0.1)
        with pytest.raises(error):
            await (await session.post(f"http://{server.address}/x", timeout=timeout)).read()
    assert [head.split(b" ")[:2] for head in server.requests] == [[b"POST", b"/x"]] * heads
    assert server.connections == 1


async def test_a_port_that_refuses_refuses() -> None:
    with refusing() as address, pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address.split(":"))


async def test_an_idle_connection_is_closed_after_its_time_and_not_before() -> None:
    async with misbehaving(closes_idle(after_s=0.05)) as server:
        reader, writer = await asyncio.open_connection(*server.address.split(":"))
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200")
        assert await reader.read() == b""
        writer.close()
    assert (len(server.requests), server.connections) == (2, 1)
