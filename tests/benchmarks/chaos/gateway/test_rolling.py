from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.gateway.rolling import ROLLED, Rolled, changed_copy, rows_of
from services.kit.data.migrations import Migrations


@pytest.mark.parametrize("rolled", ROLLED, ids=lambda rolled: rolled.service)
def test_the_copy_has_one_revision_more_and_it_goes_through(tmp_path: Path, rolled: Rolled) -> None:
    migrations = Migrations(changed_copy(tmp_path, rolled) / "services" / rolled.service)

    with create_engine(f"sqlite:///{tmp_path}/data.db").begin() as connection:
        migrations.upgrade(connection)

        assert migrations.current(connection) == migrations.newest >= 2
        assert "rolled" in {column["name"] for column in inspect(connection).get_columns(rolled.table)}


def test_a_request_that_failed_is_one_too_many() -> None:
    well, ill = Answered(1, 2, 200, well=True), Answered(1, 2, 502, well=False)

    assert rows_of("ports", [well, well])[0].met
    assert [(row.value, row.unit, row.met) for row in rows_of("ports", [well, ill])] == [(1, "of 2", False)]
