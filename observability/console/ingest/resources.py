"""Who speaks: equal resources share one row, and the latest are remembered with the connection."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from sqlalchemy import Connection

from observability.console.ingest.values import MAX_NAME, attributes, encoded, text

_REMEMBERED = 4_096
_MEMORY = "resources"

_ADD = "INSERT OR IGNORE INTO resources (digest, service, instance, attributes) VALUES (?, ?, ?, ?)"
_FIND = "SELECT id FROM resources WHERE digest = ?"

# What the specification of OpenTelemetry calls somebody without a name.
_NAMELESS = "unknown_service"


class Resource(NamedTuple):
    """The row of a resource, and the name of its service."""

    id: int
    service: str


def resource(connection: Connection, pairs: Sequence[Any]) -> Resource:
    """The resource that has these attributes, added if it is new."""
    found = dict(sorted(attributes(pairs).items()))
    document = encoded(found)
    digest = blake2b(document.encode(), digest_size=16).digest()
    known: OrderedDict[bytes, Resource] = connection.info.setdefault(_MEMORY, OrderedDict())
    if digest in known:
        known.move_to_end(digest)
        return known[digest]
    service = text(found.get("service.name"), MAX_NAME) or _NAMELESS
    instance = text(found.get("service.instance.id"), MAX_NAME)
    connection.exec_driver_sql(_ADD, (digest, service, instance, document))
    known[digest] = Resource(connection.exec_driver_sql(_FIND, (digest,)).scalar_one(), service)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)
    return known[digest]


def forget(connection: Connection) -> None:
    """Look up every resource anew: some rows are gone."""
    connection.info.pop(_MEMORY, None)
