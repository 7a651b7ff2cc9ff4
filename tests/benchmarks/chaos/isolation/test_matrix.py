from __future__ import annotations

from benchmarks.chaos.isolation.journeys import JOURNEYS, Journey, Seen
from benchmarks.chaos.isolation.matrix import rows_of, table

WELL = {name: Journey() for name in JOURNEYS}


def test_a_notice_and_a_refusal_in_words_are_no_miss() -> None:
    seen = {**WELL, "browse": Journey(Seen.NOTICE), "order": Journey(Seen.REFUSED)}

    rows = rows_of("payments", "frozen", seen, WELL)

    assert [(row.value, row.unit, row.met) for row in rows] == [(0, "of 9", True)] * 2


def test_a_journey_that_is_broken_is_one_and_so_is_one_that_stays_ill() -> None:
    broken, ill = rows_of(
        "payments", "killed", {**WELL, "order": Journey(Seen.BROKEN)}, {**WELL, "order": Journey(Seen.NOTICE)}
    )

    assert (broken.value, broken.met) == (1, False)
    assert (ill.value, ill.met) == (1, False)


def test_the_table_has_a_line_for_each_service_and_fault() -> None:
    cells = {("orders", "killed", name): Journey() for name in JOURNEYS}
    cells["orders", "killed", "order"] = Journey(Seen.REFUSED)

    head, _, line = table(cells).splitlines()

    assert head.startswith("|  | browse | search |")
    assert line.startswith("| orders killed | works | works |")
    assert line.count("refused in words") == 1
