from __future__ import annotations

import pytest

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.gateway.rotation import rows_of


def test_a_request_that_failed_is_one_too_many_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    well, ill = Answered(1, 2, 200, well=True), Answered(1, 2, 401, well=False, error="status 401")

    assert rows_of("keys", "2 keys signed", [well])[0].met
    assert [(row.value, row.unit, row.met) for row in rows_of("keys", "2 keys signed", [well, ill])] == [
        (1, "of 2", False)
    ]
    assert "status 401" in capsys.readouterr().err
