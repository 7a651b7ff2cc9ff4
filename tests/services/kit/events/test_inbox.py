"""What comes has its effect once; what cannot be handled is put aside with its reason, and the others go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database
from services.kit.data.faults import Busy
from services.kit.events import letters, unfinished
from services.kit.events.event import BOUND, Event, on
from services.kit.events.event import read as read_event
from services.kit.events.inbox import KEPT_S, PAUSES_S, handlers, receive, replay, take
from services.kit.events.tables import INBOX, UNFINISHED
from tests.services.kit.events.happenings import MADE, NOW_S, asleep, made, names, note, reasons

HANDLE = Callable[[Connection, Event[Any]], None]


class Inbox:
    """Takes what comes into *database*, at a time that does not stand still for long."""

    def __init__(self, database: Database, handle: HANDLE = note) -> None:
        self.database = database
        self.clock = FakeClock()
        self._takes = handlers([on(MADE, handle)])
        self._around = discovery.Surroundings(clock=self.clock)

    async def __call__(self, raw: bytes, *, again: bool = False) -> None:
        receiving = receive(self.database, self._takes, raw, self._around, system="test", again=again)
        task = asyncio.ensure_future(receiving)
        while not task.done():
            await self.clock.advance(sum(PAUSES_S))
            await asyncio.sleep(0.001)  # noqa: TID251 - real time of the database
        await task

    async def names(self) -> list[str | None]:
        return await self.database.read(names)

    async def reasons(self) -> list[str]:
        return await self.database.read(reasons)


async def test_what_comes_twice_has_its_effect_once(database: Database) -> None:
    inbox = Inbox(database)
    for _ in range(3):
        await inbox(made())
    assert await inbox.names() == ["7"]
    assert await inbox.reasons() == []


async def test_what_comes_twice_at_the_same_moment_has_its_effect_once(database: Database) -> None:
    inbox = Inbox(database)
    await asyncio.gather(*(inbox(made()) for _ in range(5)))
    assert await inbox.names() == ["7"]


async def test_ids_are_each_source_s_own(database: Database) -> None:
    inbox = Inbox(database)
    await inbox(made(source="things"))
    await inbox(made(source="others", data={"number": 8}))
    assert await inbox.names() == ["7", "8"]


async def test_what_comes_again_after_a_later_one_changes_nothing(database: Database) -> None:
    inbox = Inbox(database)
    for name, number in (("b", 2), ("a", 1), ("b", 2), ("c", 3), ("a", 1)):
        await inbox(made(id=name, data={"number": number}))
    assert await inbox.names() == ["2", "1", "3"]


async def test_a_kind_that_nobody_asked_for_is_passed_over(database: Database) -> None:
    inbox = Inbox(database)
    await inbox(made(type="things.thing.painted", data={"colour": "red"}))
    assert await inbox.names() == []
    assert await inbox.reasons() == []


async def test_poison_is_tried_a_few_times_and_put_aside_with_its_reason_and_the_others_go_on(
    database: Database,
) -> None:
    tries = []

    def handle(connection: Connection, event: Event[Any]) -> None:
        note(connection, event)
        if event.data.number == 2:
            tries.append(event.id)
            raise ArithmeticError("two is too many")

    inbox = Inbox(database, handle)
    for number in (1, 2, 3):
        await inbox(made(id=f"e{number}", data={"number": number}))
    assert len(tries) == 1 + len(PAUSES_S)
    assert await inbox.names() == ["1", "3"]
    assert await inbox.reasons() == ["ArithmeticError: two is too many"]

    await inbox(made(id="e2", data={"number": 2}))
    assert len(tries) == 1 + len(PAUSES_S), "it is put aside, and not tried again when it comes again"
    assert len(await inbox.reasons()) == 1


async def test_what_a_constraint_refuses_is_poison(database: Database) -> None:
    def handle(connection: Connection, event: Event[Any]) -> None:
        note(connection, event)
        note(connection, event)

    inbox = Inbox(database, handle)
    await inbox(made())
    assert await inbox.names() == []
    (reason,) = await inbox.reasons()
    assert "name" in reason


async def test_what_fails_once_is_handled_and_no_letter(database: Database) -> None:
    tries = []

    def handle(connection: Connection, event: Event[Any]) -> None:
        tries.append(event.id)
        note(connection, event)
        if len(tries) == 1:
            raise LookupError

    inbox = Inbox(database, handle)
    await inbox(made())
    assert await inbox.names() == ["7"]
    assert await inbox.reasons() == []


def begun(connection: Connection) -> Sequence[int]:
    return connection.execute(select(UNFINISHED.c.begun)).scalars().all()


async def die_of(inbox: Inbox, raw: bytes) -> None:
    """What a process leaves that ends while it handles what came again."""
    await inbox.database.write(partial(unfinished.begin, event=read_event(raw)))


async def test_what_ends_the_process_whenever_it_comes_is_put_aside_and_the_others_go_on(database: Database) -> None:
    inbox, poison = Inbox(database), made(id="poison")
    for _ in range(unfinished.MOST):
        await die_of(inbox, poison)
    await inbox(poison, again=True)
    await inbox(made(id="next", data={"number": 8}), again=True)

    assert await inbox.names() == ["8"]
    (reason,) = await inbox.reasons()
    assert "the process was killed" in reason
    assert await database.read(begun) == []


async def test_a_process_that_was_killed_with_an_event_in_hand_does_not_condemn_it(database: Database) -> None:
    inbox = Inbox(database)
    for _ in range(unfinished.MOST - 1):
        await die_of(inbox, made())
    await inbox(made(), again=True)

    assert await inbox.names() == ["7"]
    assert await inbox.reasons() == []
    assert await database.read(begun) == []


async def test_only_ends_of_a_process_count_however_often_something_comes_again(database: Database) -> None:
    left = [Busy()] * (2 * unfinished.MOST)

    def handle(connection: Connection, event: Event[Any]) -> None:
        if left:
            raise left.pop()
        note(connection, event)

    inbox = Inbox(database, handle)
    while left:
        with pytest.raises(Busy):
            await inbox(made(), again=True)
    await inbox(made(), again=True)
    assert await inbox.names() == ["7"]
    assert await inbox.reasons() == []


async def test_what_is_cancelled_in_the_midst_is_no_end_of_a_process(database: Database) -> None:
    inbox, midst = Inbox(database), threading.Event()

    def handle(connection: Connection, event: Event[Any]) -> None:
        midst.set()
        raise LookupError

    takes = handlers([on(MADE, handle)])
    around = discovery.Surroundings(clock=inbox.clock)
    task = asyncio.create_task(receive(database, takes, made(), around, system="test", again=True))
    await asleep(inbox.clock, 1)
    assert midst.is_set()
    task.cancel()
    await asyncio.wait([task])
    assert await database.read(begun) == []


async def test_what_comes_for_the_first_time_is_not_counted(database: Database) -> None:
    seen: list[Sequence[int]] = []

    def handle(connection: Connection, event: Event[Any]) -> None:
        seen.append(begun(connection))

    inbox = Inbox(database, handle)
    await inbox(made(id="a"))
    await inbox(made(id="b"), again=True)
    assert seen == [[], [1]]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{nonsense\x00", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (made(specversion="2.0"), "specversion: Input should be '1.0'"),
        (made(data={"number": "seven"}), "data.number: Input should be a valid integer"),
        (b"\xff" * (BOUND + 1), "it has 65537 bytes, and may have 65536"),
    ],
)
async def test_what_cannot_be_read_is_put_aside_once_and_without_a_second_try(
    database: Database, raw: bytes, reason: str
) -> None:
    inbox = Inbox(database)
    for _ in range(2):
        await inbox(raw)
    (said,) = await inbox.reasons()
    assert said.startswith(reason)
    await inbox(made(id="b"))
    assert await inbox.names() == ["7"]


async def test_while_the_database_cannot_be_used_it_has_to_come_again_and_is_no_letter(database: Database) -> None:
    tries = []

    def handle(connection: Connection, event: Event[Any]) -> None:
        tries.append(event.id)
        note(connection, event)
        if len(tries) == 1:
            raise Busy

    inbox = Inbox(database, handle)
    with pytest.raises(Busy):
        await inbox(made())
    assert len(tries) == 1
    assert await inbox.names() == []
    await inbox(made())
    assert await inbox.names() == ["7"]
    assert await inbox.reasons() == []


async def test_letters_are_handled_anew_when_what_was_wrong_is_mended_and_those_that_fail_again_stay(
    database: Database,
) -> None:
    def fail(connection: Connection, event: Event[Any]) -> None:
        raise ArithmeticError("too many")

    inbox = Inbox(database, fail)
    for number in (1, 2, 3):
        await inbox(made(id=f"e{number}", data={"number": number}))
    await inbox(b"nonsense")
    assert await replay(database, [on(MADE, fail)]) == (0, 4)

    def mended(connection: Connection, event: Event[Any]) -> None:
        note(connection, event)
        if event.data.number == 2:
            raise LookupError("two is gone")

    assert await replay(database, [on(MADE, mended)]) == (2, 2)
    assert sorted(map(str, await inbox.names())) == ["1", "3"]
    said = sorted(reason.partition(" (")[0] for reason in await inbox.reasons())
    assert said == ["LookupError: two is gone", "the body is not JSON: Expecting value"]
    await inbox(made(id="e1", data={"number": 1}))
    assert len(await inbox.names()) == 2, "it was handled, and comes too late"


async def test_letters_that_two_handle_anew_at_the_same_moment_have_their_effect_once(database: Database) -> None:
    def fail(connection: Connection, event: Event[Any]) -> None:
        raise ArithmeticError("too many")

    await Inbox(database, fail)(made())
    found = await database.read(letters.unopened)
    again = partial(letters.handle_again, takes=handlers([on(MADE, note)]))
    await asyncio.gather(*(database.write(partial(again, letter=letter)) for letter in (*found, *found)))
    assert await database.read(names) == ["7"]
    assert await database.read(reasons) == []


async def test_a_letter_of_a_kind_that_is_taken_no_more_stays_and_says_so(database: Database) -> None:
    await Inbox(database)(made(data=None))
    assert await replay(database, []) == (0, 1)
    assert await database.read(reasons) == ["nothing follows from things.thing.made here"]


async def test_what_can_come_no_more_is_forgotten(database: Database) -> None:
    event = read_event(made())
    takes = handlers([on(MADE, lambda *_: None)])
    assert await database.write(partial(take, event=event, takes=takes, now_s=NOW_S))
    later = read_event(made(id="b"))
    assert await database.write(partial(take, event=later, takes=takes, now_s=NOW_S + KEPT_S))
    assert await database.read(lambda c: c.execute(select(func.count()).select_from(INBOX)).scalar_one()) == 1
