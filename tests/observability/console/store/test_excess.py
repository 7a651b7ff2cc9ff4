from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from observability.console.store.excess import KINDS, Extent, Kind, Pages, excess

IDS = st.integers(0, 10**6)


def extents(**old: int) -> dict[Kind, Extent]:
    return {kind: Extent(first=1, last=100, old=old.get(kind, 0)) for kind in KINDS}


def test_what_is_not_too_old_and_not_too_much_stays() -> None:
    assert excess(extents(), 1000, 1000) == {}


def test_what_is_too_old_goes() -> None:
    assert excess(extents(traces=10, points=100), 1, 1000) == {"traces": 10, "points": 100}


def test_of_too_much_every_kind_loses_the_same_share_and_a_little_more_than_it_has_to() -> None:
    assert excess(extents(), 2000, 1000) == dict.fromkeys(KINDS, 55)


def test_where_age_asks_for_more_than_size_age_decides() -> None:
    assert excess(extents(logs=80), 2000, 1000) == {"traces": 55, "logs": 80, "points": 55}


def test_of_nothing_nothing_goes() -> None:
    assert excess(dict.fromkeys(KINDS, Extent(0, 0, 7)), 2000, 1000) == {}


@given(first=IDS, rows=IDS, old=IDS, used=st.integers(1, 10**12), keep=st.integers(1, 10**12))
def test_nothing_goes_that_is_not_there_and_without_age_the_latest_stays(
    first: int, rows: int, old: int, used: int, keep: int
) -> None:
    extent = Extent(first + 1, first + 1 + rows, old)
    upto = excess({"traces": extent}, used, keep).get("traces", extent.first)
    assert upto >= extent.first
    assert upto <= max(extent.last, extent.old)
    if used <= keep:
        assert upto == max(extent.old, extent.first)


def test_a_file_gives_back_empty_pages_but_for_a_few() -> None:
    assert Pages(all=100, empty=40, size=4096).surplus == 35
    assert Pages(all=100, empty=5, size=4096).surplus == 0
    assert Pages(all=100, empty=40, size=4096).used_bytes == 60 * 4096
