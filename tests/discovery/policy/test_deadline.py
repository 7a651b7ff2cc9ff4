from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.deadline import attempt_limit_s, format_ms, parse_ms, remaining, tighten


@pytest.mark.parametrize(("at", "expected"), [(None, None), (12.5, 2.5), (10.0, 0.0), (3.0, 0.0)])
def test_what_remains_is_never_less_than_nothing(at: float | None, expected: float | None) -> None:
    assert remaining(at, now=10.0) == expected


@pytest.mark.parametrize(
    ("own", "callers", "expected"),
    [(None, None, None), (5.0, None, 5.0), (None, 7.0, 7.0), (5.0, 7.0, 5.0), (7.0, 5.0, 5.0), (0.0, 5.0, 0.0)],
)
def test_the_earlier_deadline_holds(own: float | None, callers: float | None, expected: float | None) -> None:
    assert tighten(own, callers) == expected


@pytest.mark.parametrize(
    ("left", "last", "expected"),
    [
        pytest.param(None, False, 5.0, id="no deadline"),
        pytest.param(None, True, None, id="no deadline, and no other attempt to leave time for"),
        pytest.param(15.0, False, 5.0, id="time for another"),
        pytest.param(3.0, False, 3.0, id="less than an attempt's"),
        pytest.param(15.0, True, 15.0, id="the last one gets the rest"),
        pytest.param(3.0, True, 3.0, id="the last one gets no more than the rest"),
    ],
)
def test_an_attempt_leaves_time_for_the_next_unless_it_is_the_last(
    left: float | None, last: bool, expected: float | None
) -> None:
    assert attempt_limit_s(5.0, left, last=last) == expected


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("1", 0.001), ("0250", 0.25), ("99999999", 99_999.999)])
def test_remaining_milliseconds_are_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_ms(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 5", "5 ", "5\r\n", "\0", "5, 6", "5ms"),
        *("-5", "+5", "5.0", "1e3", "0x10", "1_000", "nan", "inf", "²", "٥"),
        *("100000000", "9" * 5000),
    ],
)
def test_anything_else_from_the_wire_is_no_deadline(text: str) -> None:
    assert parse_ms(text) is None


@given(st.text(max_size=12))
def test_no_text_breaks_the_parser(text: str) -> None:
    seconds = parse_ms(text)

    assert seconds is None or 0 <= seconds < 1e5


@given(st.floats(0, 99_999))
def test_a_deadline_loses_less_than_a_millisecond_on_the_wire_and_gains_nothing(seconds: float) -> None:
    arrived = parse_ms(format_ms(seconds))

    assert arrived is not None
    assert seconds - 0.001 - 1e-9 < arrived <= seconds + 1e-9


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0"), (0.0004, "0"), (-3.0, "0"), (1.5, "1500"), (1e12, "99999999")]
)
def test_what_is_sent_can_always_be_read(seconds: float, text: str) -> None:
    assert format_ms(seconds) == text
    assert parse_ms(text) is not None
