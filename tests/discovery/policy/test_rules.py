"""Whose word holds."""

from __future__ import annotations

import pytest

from discovery.live_settings import LiveSettings
from discovery.policy.rules import Rules, settled

OTHERWISE = Rules(15.0, 5.0, 3, 2.0, 1024)
Said = LiveSettings


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param([], OTHERWISE, id="nothing is said"),
        pytest.param([Said(attempts=1), Said(attempts=2)], Rules(15.0, 5.0, 1, 2.0, 1024), id="the first"),
        pytest.param([Said(), Said(attempts=2)], Rules(15.0, 5.0, 2, 2.0, 1024), id="the first that says it"),
        pytest.param(
            [Said(patience_s=9), Said(concurrency=7, patience_s=1)], Rules(15.0, 5.0, 3, 9, 7), id="each by itself"
        ),
        pytest.param([Said(timeout_s=2)], Rules(2, 2, 3, 2.0, 1024), id="no attempt is longer than the whole"),
        pytest.param(
            [Said(timeout_s=60), Said(attempt_timeout_s=30, timeout_s=30)], Rules(60, 30, 3, 2.0, 1024), id="longer"
        ),
    ],
)
def test_the_first_to_say_something_has_the_last_word_on_it(wishes: list[Said], expected: Rules) -> None:
    assert settled(wishes, OTHERWISE) == expected
