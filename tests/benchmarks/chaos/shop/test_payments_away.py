from __future__ import annotations

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.shop.payments_away import rows_of


def test_each_thing_that_people_do_has_a_row_of_its_own() -> None:
    well, ill = Answered(1, 2, 200, well=True), Answered(1, 2, 502, well=False, error="status 502")

    rows = rows_of("it", {"logins": [well, ill], "pages": [well]})

    assert [(row.what, row.value, row.unit, row.met) for row in rows] == [
        ("it: logins failed", 1, "of 2", False),
        ("it: pages failed", 0, "of 1", True),
    ]
