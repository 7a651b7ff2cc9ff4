from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from observability.console.settings import ConsoleSettings
from observability.console.store import sweeping
from observability.console.store.retention import retain, turn
from tests.observability.console.ingest.otlp import START, Console, console, logs, metrics, span, spans

HOUR = 3600.0


def settings(folder: Path, hours: float = 2.0, size: int = 2**40) -> ConsoleSettings:
    return ConsoleSettings(path=folder / "console.db", keep_hours=hours, keep_bytes=size)


async def counts(stores: Console) -> dict[str, int]:
    tables = ("traces", "members", "spans", "logs", "points")
    [row] = await stores.rows("SELECT " + ", ".join(f"(SELECT count(*) FROM {t}) AS {t}" for t in tables))  # noqa: S608
    return dict(row)


async def later(stores: Console, kept: ConsoleSettings, seconds: float) -> None:
    """Let time pass, with the turns that fall into it."""
    for _ in range(int(seconds // 600)):
        await stores.clock.advance(600)
        await turn(stores.database, kept, stores.clock.wall())


async def test_what_came_too_long_ago_goes_whatever_time_it_claims(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        kept = settings(tmp_path)
        await turn(stores.database, kept, stores.clock.wall())
        await stores.store(spans(span(1, trace=1, start=2**62, end=2**62), span(2, trace=1, parent=1)))
        await stores.store(logs("old"), "logs")
        await later(stores, kept, HOUR)
        await stores.store(spans(span(1, trace=2, start=0, end=0)))
        await stores.store(logs("new", "new"), "logs")
        await later(stores, kept, 0.9 * HOUR)
        assert await counts(stores) == {"traces": 2, "members": 2, "spans": 3, "logs": 3, "points": 0}
        await later(stores, kept, 0.5 * HOUR)
        assert await counts(stores) == {"traces": 1, "members": 1, "spans": 1, "logs": 2, "points": 0}
        assert [row["start_ns"] for row in await stores.rows("SELECT start_ns FROM spans")] == [0]
        await later(stores, kept, HOUR)
        assert set((await counts(stores)).values()) == {0}


async def test_points_go_after_an_hour(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        kept = settings(tmp_path, hours=72)
        await stores.store(metrics(1.0, 2.0), "metrics")
        await stores.store(logs("stays"), "logs")
        await turn(stores.database, kept, stores.clock.wall())
        await later(stores, kept, 0.9 * HOUR)
        assert (await counts(stores))["points"] == 2
        await later(stores, kept, 0.2 * HOUR)
        assert await counts(stores) == {"traces": 0, "members": 0, "spans": 0, "logs": 1, "points": 0}


async def test_what_comes_after_everything_went_is_not_taken_for_old(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        kept = settings(tmp_path)
        for number in range(1, 8):
            await stores.store(logs(*["line"] * number), "logs")
            await later(stores, kept, 600)
        await later(stores, kept, 3 * HOUR)
        assert (await counts(stores))["logs"] == 0
        await stores.store(logs("new"), "logs")
        await later(stores, kept, 1.5 * HOUR)
        assert (await counts(stores))["logs"] == 1


async def test_too_much_goes_from_the_oldest_on_and_the_file_shrinks(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        for number in range(20):
            some = (span(each, trace=100 * number + each, a="x" * 2000) for each in range(1, 101))
            await stores.store(spans(*some))
        kept = settings(tmp_path, size=2 * 2**20)
        await turn(stores.database, kept, stores.clock.wall())
        after = await counts(stores)
        assert 400 < after["spans"] == after["traces"] == after["members"] < 1000
        [newest] = await stores.rows("SELECT max(id) AS id FROM traces")
        assert newest["id"] == 2000
        [pages] = await stores.rows("SELECT * FROM pragma_page_count")
        assert pages["page_count"] * 4096 < kept.keep_bytes
        orphans = await stores.rows("SELECT * FROM spans WHERE trace_id NOT IN (SELECT trace_id FROM traces)")
        assert orphans == []


async def test_a_trace_goes_as_a_whole_in_steps_between_which_others_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_ROWS", 10)
    async with console(tmp_path) as stores:
        kept = settings(tmp_path)
        await stores.store(spans(*(span(number, trace=1) for number in range(1, 36))))
        await stores.store(spans(*(span(1, trace=number) for number in range(2, 26))))
        await turn(stores.database, kept, stores.clock.wall())
        await stores.clock.advance(2 * HOUR + 1)
        turning = asyncio.create_task(turn(stores.database, kept, stores.clock.wall()))
        assert (await stores.store(spans(span(1, trace=99)))).new == 1
        await turning
        assert await counts(stores) == {"traces": 1, "members": 1, "spans": 1, "logs": 0, "points": 0}


async def test_a_full_database_has_room_again_after_a_turn(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        kept = settings(tmp_path, size=2**20)
        await stores.change("PRAGMA max_page_count=500")
        number, some = 0, [span()]
        while stores.recorder.trouble == "":
            number += 1
            some = [span(each, trace=100 * number + each, a="x" * 1000) for each in range(1, 101)]
            await asyncio.gather(stores.store(spans(*some)), return_exceptions=True)
        await turn(stores.database, kept, stores.clock.wall())
        assert (await stores.store(spans(*some))).new == 100
        assert stores.recorder.received["traces"] == number * 100
        assert stores.recorder.dropped == {"traces": 100}


async def until_full(stores: Console) -> None:
    number = 0
    while stores.recorder.trouble == "":
        number += 1
        some = (span(each, trace=100 * number + each, a="x" * 1000) for each in range(1, 101))
        await asyncio.gather(stores.store(spans(*some)), return_exceptions=True)


async def test_where_the_disk_is_smaller_than_the_limit_the_oldest_goes_as_well(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.change("PRAGMA max_page_count=500")
        loop = asyncio.create_task(retain(stores.database, settings(tmp_path), stores.clock))
        for _ in range(3):
            while stores.clock.sleepers == 0:
                await asyncio.to_thread(int)
            await until_full(stores)
            before = (await counts(stores))["spans"]
            await stores.clock.advance(5.0)
            while stores.clock.sleepers == 0:
                await asyncio.to_thread(int)
            assert 0.8 * before < (await counts(stores))["spans"] < before
            assert (await stores.store(spans(span(1, trace=2**40 + before)))).new == 1
        loop.cancel()
        await asyncio.wait([loop])


async def test_a_disk_too_full_even_for_deleting_has_room_for_a_new_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with console(tmp_path) as stores:
        await stores.change(
            "PRAGMA max_page_count=500",
            "CREATE TABLE more (of)",
            "CREATE TRIGGER greedy BEFORE DELETE ON spans BEGIN INSERT INTO more VALUES (zeroblob(10000000)); END",
        )
        await until_full(stores)
        loop = asyncio.create_task(retain(stores.database, settings(tmp_path), stores.clock))
        while stores.clock.sleepers == 0:
            await asyncio.to_thread(int)
        assert caplog.text.count("a new database begun") == 1
        assert set((await counts(stores)).values()) == {0}
        assert (await stores.store(spans(span(1)))).new == 1
        assert stores.recorder.trouble == ""
        loop.cancel()
        await asyncio.wait([loop])


async def test_a_file_that_is_gone_is_noticed_at_the_next_turn(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.store(spans(span(1)))
        (tmp_path / "console.db").unlink()
        await turn(stores.database, settings(tmp_path), stores.clock.wall())
        assert (await stores.store(spans(span(1)))).new == 1
        assert (tmp_path / "console.db").exists()


ASIDE = "console.db.broken-20251122T082640Z"


@pytest.mark.parametrize(
    ("name", "hours", "size", "stays"),
    [
        pytest.param(ASIDE, 1.9, 100, True, id="young and small"),
        pytest.param(ASIDE, 2.1, 100, False, id="old"),
        pytest.param(ASIDE + "-wal", 2.1, 100, False, id="the log of an old one"),
        pytest.param(ASIDE, 0.0, 2 * 2**20, False, id="beyond the limit"),
        pytest.param("console.db.broken-when", 0.0, 100, False, id="nobody knows since when"),
        pytest.param("another.db", 2.1, 100, True, id="not ours"),
    ],
)
async def test_what_was_set_aside_stays_within_the_limits_too(
    tmp_path: Path, name: str, hours: float, size: int, stays: bool
) -> None:
    async with console(tmp_path) as stores:
        (tmp_path / name).write_bytes(bytes(size))
        await stores.clock.advance(hours * HOUR)
        await turn(stores.database, settings(tmp_path, size=2 * 2**20), stores.clock.wall())
        assert (tmp_path / name).exists() == stays


async def test_speakers_of_whom_nothing_is_left_are_forgotten_when_there_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_RESOURCES", 3)
    async with console(tmp_path) as stores:
        kept = settings(tmp_path)
        for number in range(5):
            await stores.store(spans(span(1, trace=number + 1), service=f"s{number}"))
        await turn(stores.database, kept, stores.clock.wall())
        assert len(await stores.rows("SELECT * FROM resources")) == 5
        await stores.clock.advance(2 * HOUR + 1)
        await stores.store(spans(span(1, trace=99), service="s4"))
        await turn(stores.database, kept, stores.clock.wall())
        assert [row["service"] for row in await stores.rows("SELECT service FROM resources")] == ["s4"]
        await stores.store(spans(span(1, trace=100, start=START), service="s0"))
        assert len(await stores.rows("SELECT * FROM spans JOIN resources ON resource = resources.id")) == 2


async def test_a_speaker_who_comes_back_while_one_looks_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_RESOURCES", 0)
    async with console(tmp_path) as stores:
        for service in ("gone", "back"):
            await stores.store(spans(span(1), service=service))
        await stores.change("DELETE FROM spans", "DELETE FROM traces", "DELETE FROM members")
        resources, seen = await stores.database.read(sweeping.unused)
        assert len(resources) == 2
        await stores.store(spans(span(1), service="back"))
        await stores.database.write(lambda connection: sweeping.drop(connection, resources, seen))
        assert [row["service"] for row in await stores.rows("SELECT service FROM resources")] == ["back"]


async def test_the_loop_goes_on_when_the_database_is_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").write_text("no folder")
    async with console(tmp_path / "data") as stores:
        loop = asyncio.create_task(retain(stores.database, settings(tmp_path), stores.clock))
        for failed in (1, 2, 3, 4):
            while stores.clock.sleepers == 0:
                await asyncio.to_thread(int)
            if failed < 4:
                await stores.clock.advance(5.0)
        assert caplog.text.count("nothing could be deleted") == 3
        loop.cancel()
        await asyncio.wait([loop])
