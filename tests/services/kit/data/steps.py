"""What a unit of work costs, on any machine alike: the instructions that SQLite's machine carries out for it."""

from __future__ import annotations

from itertools import count
from typing import cast

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

from services.kit.data.unit import Work


def steps(connection: Connection, work: Work[object]) -> int:
    """How many it takes to do *work*."""
    counted = count()
    driver = cast("DBAPIConnection", connection.connection.dbapi_connection)
    driver.set_progress_handler(lambda: next(counted) * 0, 1)
    try:
        work(connection)
    finally:
        driver.set_progress_handler(None, 1)
    return next(counted)
