"""The way to the broker leads on, until it is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from yarl import URL

from launcher.local.consul_choice import free_ports
from launcher.local.relay import Relay, no_broker, relayed


@pytest.fixture
async def broker() -> AsyncIterator[URL]:
    """Says everything back in capitals."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(100):
            writer.write(piece.upper())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield URL(f"amqp://a:b@127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes = b"hello") -> bytes:
    """What is answered to *text*; nothing where the connection has ended."""
    try:
        writer.write(text)
        await writer.drain()
        return await reader.read(100)
    except ConnectionError:
        return b""


async def test_what_comes_is_passed_on_and_answered_until_the_way_is_cut_and_once_it_is_mended(broker: URL) -> None:
    (port,) = free_ports(1)
    async with Relay(broker, port) as relay, asyncio.timeout(10):
        first = await asyncio.open_connection("127.0.0.1", port)
        other = await asyncio.open_connection("127.0.0.1", port)
        assert await said(*first) == await said(*other) == b"HELLO"
        relay.cut()
        relay.cut()
        assert await said(*first) == await said(*other) == b"", "what was under way has ended"
        late = await asyncio.open_connection("127.0.0.1", port)
        assert await said(*late) == b"", "who comes is turned away"
        relay.mend()
        again = await asyncio.open_connection("127.0.0.1", port)
        assert await said(*again) == b"HELLO"
        big = b"x" * 5_000_000
        again[1].write(big)
        assert len(await again[0].readexactly(len(big))) == len(big)
        for _, writer in (first, other, late, again):
            writer.close()


async def test_a_broker_that_is_not_there_ends_the_connection_and_so_does_the_end_of_the_relay(broker: URL) -> None:
    port, nobody = free_ports(2)
    async with asyncio.timeout(10):
        async with Relay(URL(f"amqp://127.0.0.1:{nobody}"), port):
            none = await asyncio.open_connection("127.0.0.1", port)
            assert await said(*none) == b""
        async with Relay(broker, port):
            one = await asyncio.open_connection("127.0.0.1", port)
            assert await said(*one) == b"HELLO"
        assert await said(*one) == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    for _, writer in (none, one):
        writer.close()


HERE = ["amqp://a:b@127.0.0.1:1/x", "amqp://localhost", " amqp://[::1]/ ", "amqp://127.0.0.2"]
ELSEWHERE = ["amqp://a:secret@broker/", "amqps://127.0.0.1/", "http://127.0.0.1/", "amqp://127.0.0.1.example/"]


@pytest.mark.parametrize("url", HERE)
def test_the_way_to_a_broker_on_this_machine_in_the_clear_may_lead_through_a_relay(url: str) -> None:
    assert relayed(url) == URL(url.strip())
    assert no_broker(url) == ""


@pytest.mark.parametrize("url", [*ELSEWHERE, "amqp://[", "x"])
def test_the_way_to_any_other_may_not_which_is_told_with_what_to_do(url: str) -> None:
    assert relayed(url) is None
    why = no_broker(url)
    assert "not on this machine, or speaks TLS" in why
    assert "BROKER_URL=amqp://guest:guest@127.0.0.1/" in why
    assert "secret" not in why


@pytest.mark.parametrize("url", ["", " "])
def test_so_it_is_where_events_go_over_the_mesh(url: str) -> None:
    assert relayed(url) is None
    assert "events go over the mesh" in no_broker(url)
    assert "BROKER_URL=amqp://guest:guest@127.0.0.1/" in no_broker(url)
