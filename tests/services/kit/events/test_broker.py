"""What only a broker can do to us. It is a real one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aio_pika import Message
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.engine import make_url
from yarl import URL

import discovery
from services.kit.events import broker_transport
from services.kit.events.broker_inbox import IN_HAND
from services.kit.events.broker_link import FAILURES, linked
from services.kit.events.broker_transport import BrokerTransport
from services.kit.events.event import BOUND
from services.kit.events.outbox import Waiting
from services.kit.events.transport import Undelivered
from tests.rabbitmq.server import RabbitMQServer
from tests.services.gate import Gate
from tests.services.kit.events.between import Between, noted
from tests.services.kit.events.happenings import MADE, happen, made, reasons

pytestmark = pytest.mark.rabbitmq

QUEUE = "events.notes"


@pytest.fixture
def host(rabbitmq: RabbitMQServer) -> URL:
    return rabbitmq.host("broker")


@pytest.fixture
async def gate(host: URL) -> AsyncIterator[Gate]:
    async with Gate(make_url(str(host))) as gate:
        yield gate


def through(gate: Gate) -> URL:
    return URL(gate.url.render_as_string(hide_password=False))


@pytest.fixture
def between(gate: Gate, tmp_path: Path, registry: discovery.StaticRegistry) -> Between:
    return Between(tmp_path, registry, through(gate))


@pytest.fixture
async def transport(gate: Gate, registry: discovery.StaticRegistry) -> AsyncIterator[BrokerTransport]:
    async with (
        discovery.Mesh(discovery.MeshConfig(name="things"), registry=registry) as mesh,
        BrokerTransport(through(gate), mesh, "things") as transport,
    ):
        yield transport


async def kept(host: URL) -> int:
    """How many the queue has, of which nobody has any in hand."""
    async with linked(host, "test") as channel:
        queue = await channel.declare_queue(QUEUE, passive=True)
        return queue.declaration_result.message_count or 0


async def put(host: URL, raw: bytes) -> None:
    """Put something into the queue, as anybody may."""
    async with linked(host, "test") as channel:
        await channel.default_exchange.publish(Message(raw), QUEUE)


async def test_a_queue_is_kept_by_all_machines_and_taken_from_by_one(
    between: Between, rabbitmq: RabbitMQServer, host: URL
) -> None:
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)
    said = rabbitmq.queue(host, QUEUE)
    assert (said["type"], said["durable"], said["auto_delete"]) == ("quorum", True, False)
    assert said["arguments"]["x-single-active-consumer"] is True


async def test_what_is_sent_to_who_is_away_is_kept_by_the_broker_and_waits_at_the_sender_no_more(
    between: Between, host: URL
) -> None:
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)
    async with between.sending() as things:
        await happen(things, 2, 3)
        async with asyncio.timeout(60):
            while await kept(host) != 2:  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.02)  # noqa: TID251 - real time of the broker
    async with between.taking() as notes:
        await noted(notes, 1, 2, 3)


async def test_connections_that_are_cut_again_and_again_lose_nothing_and_repeat_nothing(
    between: Between, gate: Gate
) -> None:
    async with between.taking() as notes, between.sending() as things:
        for first in range(1, 5 * IN_HAND, 10):
            await happen(things, *range(first, first + 10))
            gate.cut()
        await noted(notes, *range(1, first + 10))


async def test_a_broker_that_refuses_all_connections_is_asked_until_it_takes_them(between: Between, gate: Gate) -> None:
    await gate.shut()
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1, 2)
        await gate.open()
        await noted(notes, 1, 2)
        await gate.shut()
        await happen(things, 3)
        await gate.open()
        await noted(notes, 1, 2, 3)


async def test_a_broker_that_says_nothing_any_more_is_left_and_asked_anew(
    between: Between, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_transport, "_LIMIT_S", 0.5)
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)
        gate.frozen = True
        await happen(things, 2)
        async with asyncio.timeout(60):
            while gate.connections < 3:  # noqa: ASYNC110 - the gate tells nobody
                await asyncio.sleep(0.02)  # noqa: TID251 - real time of the broker
        gate.frozen = False
        gate.cut()
        await noted(notes, 1, 2)


async def test_who_has_no_queue_yet_has_nothing(transport: BrokerTransport) -> None:
    with pytest.raises(Undelivered, match="notes has made no queue yet"):
        await transport.send("notes", Waiting(1, MADE.name, made()))


async def test_what_was_refused_once_is_sent_over_the_same_link(transport: BrokerTransport, gate: Gate) -> None:
    for _ in range(2):
        with pytest.raises(Undelivered):
            await transport.send("notes", Waiting(1, MADE.name, made()))
    assert gate.connections == 1


@pytest.mark.parametrize("ends", ["let go", "cut off"])
async def test_who_waits_for_a_link_that_ends_is_told_that_it_is_not_sent(
    transport: BrokerTransport, gate: Gate, ends: str
) -> None:
    with pytest.raises(Undelivered):
        await transport.send("notes", Waiting(1, MADE.name, made()))
    gate.frozen = True
    sending = [
        asyncio.ensure_future(transport.send(whom, Waiting(1, MADE.name, made()))) for whom in ("notes", "others")
    ]
    async with asyncio.timeout(60):
        while gate.swallowed < 2:  # noqa: ASYNC110 - the gate tells nobody
            await asyncio.sleep(0.02)  # noqa: TID251 - real time of the broker
    if ends == "cut off":
        gate.cut()
    else:
        assert transport._channel is not None
        await transport._drop(transport._channel)
    for each in sending:
        with pytest.raises(Undelivered, match="the broker cannot be used"):
            await each


async def test_a_queue_that_somebody_deletes_is_made_anew(
    between: Between, rabbitmq: RabbitMQServer, host: URL
) -> None:
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)
        rabbitmq.delete(host, QUEUE)
        await happen(things, 2)
        await noted(notes, 1, 2)


async def test_a_queue_that_somebody_made_otherwise_is_said_and_used_when_it_is_gone(
    between: Between, rabbitmq: RabbitMQServer, host: URL, caplog: pytest.LogCaptureFixture
) -> None:
    async with linked(host, "test") as channel:
        await channel.declare_queue(QUEUE)
    async with between.taking() as notes, between.sending() as things:
        async with asyncio.timeout(60):
            while "inequivalent arg" not in caplog.text:  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(0.02)  # noqa: TID251 - real time of the broker
        rabbitmq.delete(host, QUEUE)
        await happen(things, 1)
        await noted(notes, 1)


@pytest.mark.parametrize("raw", [b"nonsense", b"", b"x" * (BOUND + 1)])
async def test_what_is_no_event_is_put_aside(between: Between, host: URL, raw: bytes) -> None:
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)
        await put(host, raw)
        await happen(things, 2)
        await noted(notes, 1, 2)
        assert len(await notes.read(reasons)) == 1


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield
    provider.shutdown()


@pytest.mark.usefixtures("traced")
async def test_a_message_says_which_span_sent_it(transport: BrokerTransport, host: URL) -> None:
    async with linked(host, "test") as channel:
        queue = await channel.declare_queue(QUEUE)
        with trace.get_tracer("test").start_as_current_span("send") as span:
            await transport.send("notes", Waiting(1, MADE.name, made()))
        message = await queue.get(no_ack=True)
    where = span.get_span_context()
    assert message.headers["traceparent"] == f"00-{where.trace_id:032x}-{where.span_id:016x}-{where.trace_flags:02x}"
    assert (message.content_type, message.type) == ("application/cloudevents+json", MADE.name)


async def test_a_broker_that_speaks_tls_is_believed_by_its_authority_alone(
    rabbitmq: RabbitMQServer, host: URL, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    secure = rabbitmq.secure(host)
    with pytest.raises(FAILURES, match="CERTIFICATE_VERIFY_FAILED"):
        async with linked(secure.with_query(None), "test"):
            pass
    between = Between(tmp_path, registry, secure)
    async with between.taking() as notes, between.sending() as things:
        await happen(things, 1)
        await noted(notes, 1)


async def test_a_password_is_in_no_log(
    host: URL, tmp_path: Path, registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    between = Between(tmp_path, registry, host.with_password("s3cret"))
    async with between.taking(), between.sending() as things:
        await happen(things, 1)
        async with asyncio.timeout(60):
            for said in ("events for notes wait", "no events are taken for now"):
                while said not in caplog.text:  # noqa: ASYNC110 - the log tells nobody
                    await asyncio.sleep(0.02)  # noqa: TID251 - real time of the broker
    assert caplog.text.count("the broker cannot be used: ACCESS_REFUSED") == 2
    assert "s3cret" not in caplog.text
