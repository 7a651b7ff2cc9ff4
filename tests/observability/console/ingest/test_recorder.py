from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from discovery.web import Problem
from observability.console.ingest import recorder as module
from observability.console.ingest.forms import Protobuf
from observability.console.ingest.parcel import Parcel
from observability.console.ingest.stored import Stored
from tests.observability.console.ingest.otlp import Console, console, logs, metrics, span, spans


@asynccontextmanager
async def busy(stores: Console) -> AsyncIterator[None]:
    """The writer has something else to do while the block lasts."""
    begun, done = threading.Event(), threading.Event()

    def hold(_: Connection) -> None:
        begun.set()
        done.wait()

    holding = asyncio.create_task(stores.database.write(hold))
    await asyncio.to_thread(begun.wait)
    try:
        yield
    finally:
        done.set()
        await holding


async def fill(stores: Console) -> None:
    """Let the database have no room for anything more."""
    await stores.change("PRAGMA max_page_count=1")


def damage(file: Path) -> None:
    """Write over every page, wherever it stands."""
    for each in (file, file.with_name(f"{file.name}-wal")):
        with each.open("r+b") as raw:
            raw.write(b"\xff" * each.stat().st_size)


async def test_what_is_above_the_limit_is_refused_and_counted_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    async with console(tmp_path) as stores:
        async with busy(stores):
            sent = [
                asyncio.create_task(stores.store(spans(span(2 * number), span(2 * number + 1, trace=number))))
                for number in range(1, 9)
            ]
            refused = [task for task in sent if task in (await asyncio.wait(sent, timeout=0))[0]]
            while len(refused) < 5:
                done, _ = await asyncio.wait(set(sent) - set(refused), return_when=asyncio.FIRST_COMPLETED)
                refused.extend(done)
        answers = await asyncio.gather(*sent, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Stored] * 3 + [Problem] * 5
        assert (stores.recorder.received["traces"], stores.recorder.dropped["traces"]) == (6, 10)
        assert stores.recorder.trouble == ""
        assert (await stores.store(spans(span(99)))).new == 1
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"{n} requests with telemetry were not stored: more comes in than can be stored" for n in (1, 2, 4)]


async def test_the_bytes_that_wait_are_limited_too_but_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10)
    async with console(tmp_path) as stores:
        async with busy(stores):
            first = asyncio.create_task(stores.store(logs("a")))
            second = asyncio.create_task(stores.store(logs("b", "c"), "logs"))
            with pytest.raises(Problem) as caught:
                await second
        await first
    assert caught.value.headers == {"Retry-After": "1"}
    assert stores.recorder.dropped == {"logs": 2}


async def test_a_full_disk_is_told_and_counted_and_over_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with console(tmp_path) as stores:
        await fill(stores)
        big = spans(*(span(number, trace=number, a="x" * 500) for number in range(1, 2000)))
        for _ in range(4):
            with pytest.raises(Problem) as caught:
                await stores.store(big)
            assert (caught.value.status, caught.value.headers["Retry-After"]) == (503, "1")
        assert stores.recorder.dropped == {"traces": 4 * 1999}
        assert "full" in stores.recorder.trouble
        assert len([record for record in caplog.records if "full" in record.getMessage()]) == 3
        assert await stores.rows("SELECT id FROM spans") == await stores.rows("SELECT id FROM resources") == []
        await stores.change("PRAGMA max_page_count=100000")
        assert (await stores.store(big)).new == 1999
        assert await stores.rows("SELECT DISTINCT resource FROM spans") == await stores.rows(
            "SELECT id AS resource FROM resources"
        )
        assert (stores.recorder.trouble, stores.recorder.received) == ("", {"traces": 1999})


async def test_points_are_what_is_counted_of_metrics(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.store(metrics(1.0, 2.0, 3.0), "metrics")
        assert stores.recorder.received == {"metrics": 3}
    assert Parcel("metrics", Protobuf(), metrics(1.0, 2.0, 3.0)).count() == 3


async def test_news_wakes_everybody_who_waits_and_keeps_nobody_who_is_behind(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        waiting = [asyncio.create_task(stores.recorder.news(0)) for _ in range(3)]
        await stores.clock.settle()
        await stores.store(spans(span(1)))
        assert await asyncio.gather(*waiting) == [1, 1, 1]
        assert await stores.recorder.news(0) == 1
        later = asyncio.create_task(stores.recorder.news(1))
        await stores.store(logs("line"), "logs")
        assert await later == 2


async def test_a_waiter_that_is_cancelled_leaves_the_others_alone(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        gone, stays = (asyncio.create_task(stores.recorder.news(0)) for _ in range(2))
        await stores.clock.settle()
        gone.cancel()
        await stores.store(spans(span(1)))
        assert await stays == 1
        assert gone.cancelled()


async def test_a_database_that_breaks_is_set_aside_and_who_speaks_is_told_to_the_new_one(tmp_path: Path) -> None:
    async with console(tmp_path) as stores:
        await stores.store(spans(span(1)))
        damage(tmp_path / "console.db")
        assert await stores.rows("SELECT * FROM spans") == []
        assert (await stores.store(spans(span(1), span(2)))).new == 2
        assert [row["service"] for row in await stores.rows("SELECT service FROM resources")] == ["ports"]
        assert (tmp_path / "console.db.broken-20251122T082640Z").exists()
