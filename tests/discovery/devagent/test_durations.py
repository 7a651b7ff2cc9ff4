"""Go's durations."""

from __future__ import annotations

import pytest

from discovery.devagent import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("0s", 0), ("10s", 10), ("1.5s", 1.5), (".5m", 30), ("1m30s", 90), ("2h45m0.5s", 9900.5),
        ("250ms", 0.25), ("5us", 5e-6), ("5µs", 5e-6), ("7ns", 7e-9), ("-1s", -1), ("+1s", 1),
    ],
)  # fmt: skip
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert durations.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "1", "1.5", "1 s", "1x", "s1", "1s1", "-", "infs", "1e3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^time: (missing unit in|invalid) duration"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (1, "1s"), (1.5, "1.5s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s"), (9900.5, "2h45m0.5s"),
        (0.25, "250ms"), (0.1, "100ms"), (5e-6, "5µs"), (7e-9, "7ns"), (-90, "-1m30s"),
    ],
)  # fmt: skip
def test_a_duration_is_shown_as_go_shows_it(seconds: float, text: str) -> None:
    assert durations.show(seconds) == text
    assert durations.parse(text) == pytest.approx(seconds)
