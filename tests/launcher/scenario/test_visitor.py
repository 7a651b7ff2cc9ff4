"""What a visitor reads off a page."""

from __future__ import annotations

import pytest

from launcher.scenario.visitor import Opened


@pytest.mark.parametrize(
    ("text", "notices"),
    [
        (
            '<p class="notice above">It takes\n  longer: <b>stock</b> &amp; payments.</p>',
            ["It takes longer: stock & payments."],
        ),
        ('<p class="notice" role="status">Away.</p><p class="quiet" role="status">Older.</p>', ["Away.", "Older."]),
        ('<p class="quiet-line">1 May</p>', []),
        ('<p class="noticed">No.</p><p class="lead">No.</p><p>No.</p>', []),
    ],
)
def test_it_reads_what_is_not_as_usual(text: str, notices: list[str]) -> None:
    assert Opened(200, "/", text, 0.1).notices == notices
