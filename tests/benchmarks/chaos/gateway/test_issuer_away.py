from __future__ import annotations

import json

import pytest

from benchmarks.chaos.gateway.issuer_away import other_documents, rows_of, rows_of_strangers
from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.tokens import TokenMaker
from services.kit.auth.keys import WrongKeys, read_keys

MAKER = TokenMaker()


@pytest.mark.parametrize("name", other_documents(MAKER))
def test_what_is_no_set_of_keys_is_taken_for_none(name: str) -> None:
    with pytest.raises(WrongKeys):
        read_keys(json.dumps(other_documents(MAKER)[name]).encode())


def test_one_request_that_failed_is_one_too_many_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    well, ill = Answered(1, 2, 204, well=True), Answered(1, 2, 401, well=False, error="status 401")

    assert [row.met for row in rows_of("away", [well])] == [True]
    assert [(row.value, row.unit, row.met) for row in rows_of("away", [well, ill])] == [(1, "of 2", False)]
    assert "status 401" in capsys.readouterr().err


def test_who_has_a_key_that_nobody_knows_is_refused_and_soon() -> None:
    well, hung = Answered(1, 2, 401, well=True), Answered(1, 9, 0, well=False, error="TimeoutError")

    assert [(row.value, row.met) for row in rows_of_strangers([well])] == [(0, True), (1.0, True)]
    assert [(row.value, row.met) for row in rows_of_strangers([well, hung])] == [(1, False), (8.0, False)]
