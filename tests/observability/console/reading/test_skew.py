from __future__ import annotations

import pytest

from observability.console.reading.skew import shift

PARENT = (100, 200)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(110, 190, 0, id="within its parent"),
        pytest.param(100, 200, 0, id="as long as its parent"),
        pytest.param(0, 50, 125, id="before its parent: put into the middle"),
        pytest.param(170, 250, 0, id="ends after its parent, which tells nothing"),
        pytest.param(900, 940, -770, id="after its parent"),
        pytest.param(150, 400, 0, id="outlives its parent, which gave up on it"),
        pytest.param(50, 400, 50, id="outlives its parent, and seems to begin before it"),
        pytest.param(120, 110, 0, id="ends before it begins"),
    ],
)
def test_a_span_of_another_process_is_put_into_its_parent(start: int, end: int, expected: int) -> None:
    moved = shift(start, end, *PARENT)

    assert moved == expected
    assert start + moved >= PARENT[0]
