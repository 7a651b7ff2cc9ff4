"""What holds however events travel: over the mesh, or by a real broker."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

import discovery
from discovery.clock import SystemClock
from services.kit.data.faults import Busy
from services.kit.events import pauses, unfinished
from services.kit.events.event import Event
from services.kit.events.tables import CURSORS
from tests.services.kit.events.between import WAYS, Between, broker_of, noted
from tests.services.kit.events.happenings import ThingMade, happen, note, reasons
from tests.services.support import instance

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(params=WAYS)
def between(request: pytest.FixtureRequest, tmp_path: Path, registry: discovery.StaticRegistry) -> Between:
    return Between(tmp_path, registry, broker_of(request, "between"))


async def test_all_that_happens_is_handled_once_and_in_order(between: Between) -> None:
    async with between.taking() as notes, between.sending() as things:
        await happen(things, *range(1, 61))
        await noted(notes, *range(1, 61))


async def test_who_comes_for_the_first_time_gets_what_happened_before_and_then_the_rest(between: Between) -> None:
    now_s = SystemClock().wall()
    async with between.sending() as things:
        await happen(things, 1, 2, 3, now_s=now_s)
        async with between.taking() as notes:
            await happen(things, 4, now_s=now_s)
            await noted(notes, 1, 2, 3, 4)


async def test_who_was_away_gets_what_happened_meanwhile(between: Between) -> None:
    async with between.sending() as things:
        async with between.taking() as notes:
            await happen(things, 1)
            await noted(notes, 1)
        await happen(things, 2, 3)
        async with between.taking() as notes:
            await noted(notes, 1, 2, 3)


async def test_what_is_sent_twice_has_its_effect_once(between: Between) -> None:
    def forget(connection: Connection) -> None:
        connection.execute(update(CURSORS).values(reached=0))

    async with between.taking() as notes:
        async with between.sending() as things:
            await happen(things, 1, 2)
            await noted(notes, 1, 2)
            await things.write(forget)
        async with between.sending() as things:
            await happen(things, 3)
            await noted(notes, 1, 2, 3)


async def test_poison_is_put_aside_with_its_reason_and_the_others_go_on(between: Between) -> None:
    def handle(connection: Connection, event: Event[ThingMade]) -> None:
        if event.data.number == 2:
            raise ArithmeticError("two is too many")
        note(connection, event)

    async with between.taking(handle) as notes, between.sending() as things:
        await happen(things, 1, 2, 3)
        await noted(notes, 1, 3)
        assert await notes.read(reasons) == ["ArithmeticError: two is too many"]


async def test_what_ends_the_process_of_who_takes_it_is_put_aside_in_the_end_and_the_others_go_on(
    between: Between, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pauses, "_LONGEST_S", 0.2)
    between.registry.replace("notes", [replace(instance("notes", unused_tcp_port), tags=("takes-things",))])
    ends = []

    async def live_again_and_again() -> None:
        arguments = [str(between.folder), str(unused_tcp_port), *([str(between.broker)] if between.broker else [])]
        while True:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.services.kit.events.mortal", *arguments), cwd=ROOT
            )
            try:
                ends.append(await process.wait())
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    living = asyncio.create_task(live_again_and_again())
    try:
        async with between.sending() as things, between.notes() as notes:
            await happen(things, 1, 2, 3)
            await noted(notes, 1, 3)
            (reason,) = await notes.read(reasons)
    finally:
        living.cancel()
        await asyncio.wait([living])
    assert "the process was killed" in reason
    assert set(ends) == {9}
    assert unfinished.MOST <= len(ends) <= unfinished.MOST + 1


async def test_while_the_database_of_who_takes_cannot_be_used_nothing_is_lost_or_put_aside(between: Between) -> None:
    tries = []

    def handle(connection: Connection, event: Event[ThingMade]) -> None:
        tries.append(event.data.number)
        if len(tries) in {2, 3}:
            raise Busy
        note(connection, event)

    async with between.taking(handle) as notes, between.sending() as things:
        await happen(things, 1, 2, 3, 4)
        await noted(notes, 1, 2, 3, 4)
        assert tries == [1, 2, 2, 2, 3, 4], "nothing overtakes"
        assert await notes.read(reasons) == []


async def test_several_instances_share_what_comes_and_keep_its_order(between: Between) -> None:
    async with AsyncExitStack() as instances:
        notes, *_ = [await instances.enter_async_context(between.taking()) for _ in range(3)]
        things = await instances.enter_async_context(between.sending())
        await happen(things, *range(1, 31))
        await noted(notes, *range(1, 31))


async def test_another_instance_goes_on_in_order_where_one_was_stopped_in_the_midst(between: Between) -> None:
    midst = asyncio.Event()
    loop = asyncio.get_running_loop()

    def handle(connection: Connection, event: Event[ThingMade]) -> None:
        note(connection, event)
        if event.data.number == 3:
            loop.call_soon_threadsafe(midst.set)
            raise Busy

    async with AsyncExitStack() as others:
        async with between.taking(handle):
            things = await others.enter_async_context(between.sending())
            await happen(things, *range(1, 31))
            await midst.wait()
        async with between.taking() as notes:
            await noted(notes, *range(1, 31))
