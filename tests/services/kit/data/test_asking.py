"""What a unit of work asks, on both databases, as spans of the request that it is for."""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import use_span
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.engine import URL

from discovery.web import Problem
from observability.spans import Span, from_sdk
from services.kit.data import asking
from services.kit.data.database import Database
from services.kit.data.records import insert_into
from services.kit.data.sqlite import SQLite
from tests.services.kit.data.things import THINGS, add, count, home


class Traced:
    """What became spans."""

    def __init__(self, provider: TracerProvider, exporter: InMemorySpanExporter) -> None:
        self._provider, self._exporter = provider, exporter

    @contextmanager
    def request(self) -> Iterator[None]:
        span = self._provider.get_tracer("test").start_span("request")
        with use_span(span, end_on_exit=True):
            yield

    def asked(self) -> list[Span]:
        """The spans of the statements, those that began first before others, each below its request."""
        spans = sorted(map(from_sdk, self._exporter.get_finished_spans()), key=lambda span: span.start_ns)
        requests = {span.span_id for span in spans if span.name == "request"}
        found = [span for span in spans if span.name != "request"]
        assert {span.parent_id for span in found} <= requests
        assert {span.kind for span in found} <= {"client"}
        return found

    def names(self) -> list[str]:
        return [span.name for span in self.asked()]


@pytest.fixture
def traced() -> Iterator[Traced]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Traced(provider, exporter)
    provider.shutdown()


async def test_what_a_request_reads_is_a_span_for_each_statement(database: Database, url: URL, traced: Traced) -> None:
    def work(connection: Connection) -> int:
        connection.execute(select(THINGS).where(THINGS.c.name == "a secret")).all()
        return count(connection)

    async with database:
        with traced.request():
            assert await database.read(work) == 2
    first, second = traced.asked()
    assert (first.name, second.name) == ("SELECT things", "SELECT things")
    said = dict(first.attributes)
    assert said["db.system.name"] == url.get_backend_name()
    assert str(said["db.namespace"]) in {url.database, str(url.database).rpartition("/")[2]}
    assert "WHERE things.name = " in str(said["db.query.text"])
    assert "secret" not in str(said)


async def test_what_a_request_writes_says_when_its_turn_was_and_when_it_was_there_to_stay(
    database: Database, traced: Traced
) -> None:
    async with database:
        with traced.request():
            await database.write(lambda connection: add("three", connection))
    begun, added, committed = traced.asked()
    assert (begun.name, added.name, committed.name) == ("BEGIN", "INSERT things", "COMMIT")
    assert begun.end_ns <= added.start_ns <= added.end_ns == committed.start_ns <= committed.end_ns
    assert not any(span.failed for span in (begun, added, committed))


async def test_one_statement_for_many_rows_is_a_batch(database: Database, traced: Traced) -> None:
    def work(connection: Connection) -> None:
        rows = [{"name": f"thing {number}"} for number in range(3)]
        connection.execute(insert_into(THINGS, connection).on_conflict_do_nothing(), rows)

    async with database:
        with traced.request():
            await database.write(work)
    _, batch, _ = traced.asked()
    assert (batch.name, batch.attributes["db.operation.batch.size"]) == ("BATCH INSERT things", 3)


async def test_a_statement_that_is_refused_says_what_the_database_calls_that(
    database: Database, url: URL, traced: Traced
) -> None:
    async with database:
        with traced.request(), pytest.raises(Problem) as refused:
            await database.write(lambda connection: add("one", connection))
    assert refused.value.status == 409
    _, added = traced.asked()
    code = "SQLITE_CONSTRAINT_UNIQUE" if url.get_backend_name() == "sqlite" else "23505"
    assert (added.name, added.failed) == ("INSERT things", True)
    assert (added.attributes["db.response.status_code"], added.attributes["error.type"]) == (code, code)
    assert "one" not in [*map(str, added.attributes.values())]


async def test_a_statement_that_makes_no_sense_has_failed(database: Database, traced: Traced) -> None:
    async with database:
        with traced.request(), pytest.raises(Exception, match="nowhere"):
            await database.read(lambda connection: connection.execute(text("SELECT 1 FROM nowhere")))
    (span,) = traced.asked()
    assert (span.name, span.failed) == ("SELECT nowhere", True)


async def test_units_of_several_requests_at_once_are_below_their_own(database: Database, traced: Traced) -> None:
    async def write(name: str) -> None:
        with traced.request():
            await database.write(lambda connection: add(name, connection))

    async with database, asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(write(f"thing {number}"))
    by_request: dict[str, list[str]] = {}
    for span in traced.asked():
        by_request.setdefault(span.parent_id, []).append(span.name)
    assert list(by_request.values()) == [["BEGIN", "INSERT things", "COMMIT"]] * 10


async def test_what_raises_in_a_unit_is_no_failure_of_the_database(database: Database, traced: Traced) -> None:
    def work(connection: Connection) -> None:
        count(connection)
        raise Problem(404, "there is none")

    async with database:
        for unit in (database.read, database.write):
            with traced.request(), pytest.raises(Problem):
                await unit(work)
    assert traced.names() == ["SELECT things", "BEGIN", "SELECT things"]
    assert not any(span.failed for span in traced.asked())


async def test_what_nobody_traces_makes_no_spans(database: Database, traced: Traced) -> None:
    async with database:
        await database.read(count)
        await database.write(lambda connection: connection.execute(insert(THINGS).values(name="three")))
        await database.check()
    assert traced.asked() == []


@asynccontextmanager
async def writing(database: Database) -> AsyncIterator[None]:
    """Somebody else writes all the time."""
    store = database._store
    if isinstance(store, SQLite):
        with store._file.with_name(f"{store._file.name}-turn").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    else:
        async with store._turn:
            yield


async def test_a_unit_whose_turn_never_comes_has_failed_to_begin(url: URL, tmp_path: Path, traced: Traced) -> None:
    async with Database(url, home(tmp_path), patience_s=0.1) as database, writing(database):
        with traced.request(), pytest.raises(Problem) as refused:
            await database.write(lambda connection: add("three", connection))
    assert refused.value.status == 503
    (span,) = traced.asked()
    assert (span.name, span.failed, span.attributes["error.type"]) == ("BEGIN", True, "Busy")


async def test_who_leaves_before_his_turn_has_not_made_the_database_fail(database: Database, traced: Traced) -> None:
    async def write() -> None:
        with traced.request():
            await database.write(lambda connection: add("three", connection))

    async with database:
        async with writing(database):
            leaving = asyncio.create_task(write())
            await database.read(count)  # so long that it waits
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
        assert await database.read(count) == 2
    assert not any(span.failed for span in traced.asked())


async def test_who_leaves_in_the_middle_of_a_statement_has_not_made_it_fail(database: Database, traced: Traced) -> None:
    def cancelled(*_: object) -> None:
        raise asyncio.CancelledError

    def work(connection: Connection) -> None:
        count(connection)
        asked = asking._TAKEN_DOWN.get()
        assert asked is not None
        asking._ask(asked, cancelled, (None, "SELECT 1 FROM things", (), None), 0)

    async with database:
        with traced.request(), pytest.raises(asyncio.CancelledError):
            await database.read(work)
    *_, last = traced.asked()
    assert (last.name, last.failed) == ("SELECT things", False)


async def test_a_commit_that_fails_is_told(database: Database, traced: Traced, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(connection: Connection) -> None:
        count(connection)
        monkeypatch.setattr(connection.dialect, "do_commit", lose)

    def lose(_: object) -> None:
        raise ConnectionError

    async with database:
        with traced.request(), pytest.raises(Problem):
            await database.write(work)
    *_, committed = traced.asked()
    assert (committed.name, committed.failed) == ("COMMIT", True)
    assert committed.attributes["error.type"] == "ConnectionError"
