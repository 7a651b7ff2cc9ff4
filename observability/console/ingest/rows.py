"""From groups of records to rows, a handful at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from observability.console.ingest.forms import Group
from observability.console.ingest.resources import Resource, resource
from observability.console.ingest.stored import Stored

T = TypeVar("T")
R = TypeVar("R", bound=tuple[Any, ...])

# Rows in memory at a time: the smallest record takes thirty bytes on the wire and twenty times as much as a row.
_CHUNK = 2_048


def rows(
    connection: Connection,
    groups: Iterable[Group],
    build: Callable[[Group, Resource], Iterator[R | None]],
    stored: Stored,
) -> Iterator[list[R]]:
    """What *build* makes of *groups*. A None of it is a record that is broken; *stored* counts those."""

    def good() -> Iterator[R]:
        for group in groups:
            stored.broken += group.broken
            if not group.records:
                continue
            for row in build(group, resource(connection, group.resource)):
                if row is None:
                    stored.broken += 1
                else:
                    yield row

    return chunks(good(), _CHUNK)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """All of *items*, at most *size* at a time."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk
