"""A console's database, spans to put into it, and a console that serves it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Connection, create_engine, insert

import discovery
from discovery.clock import SystemClock
from observability.console.app import build
from observability.console.settings import ConsoleSettings
from observability.console.store.schema import LOGS, MEMBERS, METADATA, POINTS, RESOURCES, SPANS, TRACES
from tests.services.support import Answer, Client, served

MS = 10**6
SECOND = 10**9
# When it is now, in all of these tests.
NOW = 1_763_800_000 * SECOND


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A span as somebody sent it. ``start`` and ``lasted`` are milliseconds, counted from :data:`NOW`."""

    id: str
    parent: str = ""
    service: str = "shop"
    instance: str = "shop-1"
    name: str = "GET /"
    kind: str = "internal"
    start: float = -1000.0
    lasted: float = 10.0
    failed: bool = False
    route: str = ""
    status: int | None = None
    peer: str = ""
    attempt: int = 0
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Mapping[str, Any]] = ()
    links: Sequence[Mapping[str, Any]] = ()


def request(id: str, parent: str = "", service: str = "shop", **more: Any) -> Sent:
    """A request that was served."""
    return Sent(id=id, parent=parent, service=service, **({"kind": "server", "instance": f"{service}-1"} | more))


def attempt(id: str, parent: str, number: int, peer: str, **more: Any) -> Sent:
    """An attempt of a call."""
    attributes = {"mesh.attempt": number, "mesh.instance.id": f"{peer}-{number}", **more.pop("attributes", {})}
    return Sent(id=id, parent=parent, attempt=number, peer=peer, kind="client", attributes=attributes, **more)


def call(id: str, parent: str, attempts: int, peer: str, **more: Any) -> Sent:
    """A call of the mesh."""
    return Sent(id=id, parent=parent, name=f"call {peer}", peer=peer, attributes={"mesh.attempts": attempts}, **more)


def trace_id(name: str) -> bytes:
    """The id of the trace that a test calls *name*."""
    return name.encode().rjust(16, b"\0")


def span_id(name: str) -> bytes:
    """The id of the span that a test calls *name*; empty for none."""
    return name.encode().rjust(8, b"\0") if name else b""


class Store:
    """Keeps what is put into it as the schema says."""

    def __init__(self, url: str = "sqlite://") -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        METADATA.create_all(self._engine)
        self.connection: Connection = self._engine.connect()
        self._resources: dict[tuple[str, str], int] = {}
        self._ids = itertools.count(1)

    def close(self) -> None:
        self.connection.close()
        self._engine.dispose()

    def trace(self, name: str, *spans: Sent) -> str:
        """Put a whole trace; returns its id as readers see it."""
        number = next(self._ids)
        rows = [self._row(trace_id(name), span) for span in spans]
        self.connection.execute(insert(SPANS).prefix_with("OR IGNORE"), rows)
        top = min(spans, key=lambda span: (bool(span.parent), span.start))
        lasting = rows if top.parent else [rows[spans.index(top)]]
        self.connection.execute(
            insert(TRACES).values(
                id=number,
                trace_id=trace_id(name),
                start_ns=min(row["start_ns"] for row in lasting),
                end_ns=max(row["end_ns"] for row in lasting),
                spans=len(rows),
                errors=sum(span.failed for span in spans),
                retries=sum(span.attempt > 1 for span in spans),
                rooted=not top.parent,
                service=top.service,
                name=top.name,
                route=top.route,
                status=top.status,
            )
        )
        members = Counter(span.service for span in spans)
        self.connection.execute(
            insert(MEMBERS),
            [{"trace": number, "service": service, "spans": count} for service, count in members.items()],
        )
        return trace_id(name).hex()

    def log(self, trace: str, span: str = "", *, at: float = -1000.0, service: str = "shop", **more: Any) -> None:
        """Put a line of a log; *at* is milliseconds from :data:`NOW`."""
        values = {
            "trace_id": trace_id(trace),
            "span_id": span_id(span),
            "resource": self._resource(service, f"{service}-1"),
            "time_ns": NOW + int(at * MS),
            "severity": 9,
            "level": "info",
            "logger": "shop",
            "body": "",
            "attributes": "{}",
        }
        self.connection.execute(insert(LOGS).values(values | more))

    def point(self, metric: str, at: float, value: float, *, service: str = "shop", **more: Any) -> None:
        """Put a point of a series; *at* is seconds from :data:`NOW`."""
        values = {
            "resource": self._resource(service, f"{service}-1"),
            "metric": metric,
            "unit": "1",
            "kind": "gauge",
            "attributes": "{}",
            "time_ns": NOW + int(at * SECOND),
            "value": value,
            "count": 0,
            "buckets": "",
        }
        self.connection.execute(insert(POINTS).values(values | more))

    def _row(self, trace: bytes, span: Sent) -> dict[str, Any]:
        start = NOW + int(span.start * MS)
        return {
            "trace_id": trace,
            "span_id": span_id(span.id),
            "parent_id": span_id(span.parent),
            "resource": self._resource(span.service, span.instance),
            "name": span.name,
            "kind": span.kind,
            "start_ns": start,
            "end_ns": start + int(span.lasted * MS),
            "failed": span.failed,
            "route": span.route,
            "status": span.status,
            "peer": span.peer,
            "attempt": span.attempt,
            "attributes": json.dumps(span.attributes, ensure_ascii=False, separators=(",", ":")),
            "events": json.dumps(list(span.events)) if span.events else "",
            "links": json.dumps(list(span.links)) if span.links else "",
        }

    def _resource(self, service: str, instance: str) -> int:
        key = service, instance
        if key not in self._resources:
            self._resources[key] = len(self._resources) + 1
            attributes = {"service.name": service, "service.instance.id": instance}
            self.connection.execute(
                insert(RESOURCES).values(
                    id=self._resources[key],
                    digest=f"{service} {instance}".encode(),
                    service=service,
                    instance=instance,
                    attributes=json.dumps(attributes),
                )
            )
        return self._resources[key]


class Now(SystemClock):
    """A clock on which the time of day is always the same."""

    def wall(self) -> float:
        return NOW / SECOND


@dataclass(frozen=True)
class Console:
    """A console that serves. ``await console("/data/services")`` is an answer; ``store`` is its database."""

    client: Client
    store: Store

    async def __call__(self, path: str, **options: Any) -> Answer:
        return await self.client("GET", path, **options)

    async def listen(self, **options: Any) -> aiohttp.ClientResponse:
        """Open a stream of events."""
        return await self.client.session.get(f"http://{self.client.address}/data/live", **options)


@asynccontextmanager
async def console(
    folder: Path, registry: discovery.StaticRegistry | None = None, *, hosts: frozenset[str] = frozenset(), **more: Any
) -> AsyncIterator[Console]:
    """Serve a console whose data is in *folder*; what is more is for its mesh."""
    settings = ConsoleSettings(path=folder / "console.db")
    app = build(settings, hosts=hosts, around=discovery.Surroundings(clock=Now()))
    async with served(app, "console", registry, **more) as client:
        with closing(Store(f"sqlite:///{settings.path}")) as store:
            yield Console(client, store)


async def event(stream: aiohttp.ClientResponse, name: str) -> Any:
    """The document of the next event *name*."""
    async with asyncio.timeout(10):
        while (line := await stream.content.readline()) != f"event: {name}\n".encode():
            assert line, "the stream ended"
        return json.loads((await stream.content.readline()).removeprefix(b"data: "))
