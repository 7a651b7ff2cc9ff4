"""Rows that are read until there is enough text in them, so that an answer is bounded whatever senders have sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Select

# Of text, for one answer: four times what two thousand spans of a mesh take.
_ANSWER = 8 * 2**20

# Rows in memory that are not counted yet.
_STEP = 64


class Room:
    """How many characters rows may still have; ``full`` when some row found no room."""

    def __init__(self, left: int = _ANSWER) -> None:
        self.full = False
        self._left = left

    def rows(self, connection: Connection, rows: Select[Any], key: Column[int], ids: Sequence[int]) -> list[Row[Any]]:
        """Those of *rows* whose *key* is in *ids*, in that order, until there is no room."""
        kept: list[Row[Any]] = []
        for row in self._stepwise(connection, rows, key, ids):
            self._left -= sum(len(value) for value in row if isinstance(value, str))
            if self._left < 0:
                self.full = True
                break
            kept.append(row)
        return kept

    def _stepwise(
        self, connection: Connection, rows: Select[Any], key: Column[int], ids: Sequence[int]
    ) -> Iterator[Row[Any]]:
        for at in range(0, len(ids), _STEP):
            some = ids[at : at + _STEP]
            found = {row.id: row for row in connection.execute(rows.where(key.in_(some)))}
            yield from (found[number] for number in some if number in found)
