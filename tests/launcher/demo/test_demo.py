"""What a step came to is shown, and decides with what `mesh demo` ends."""

from __future__ import annotations

from pathlib import Path
from random import Random

import aiohttp
import pytest
from rich.console import Console

from discovery.testing.clock import FakeClock
from launcher.demo.demo import Tour
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.told import Told
from launcher.local import Choice


def tour(tmp_path: Path) -> Tour:
    return Tour(tmp_path, Choice(embedded=True), FakeClock(), Console(quiet=True), Random(1))


async def step(error: Exception | None) -> Told:
    if error:
        raise error
    return Told("it held", figures={"sent": 1})


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([None, None], 0),
        ([None, TooBusy("too much")], 2),
        ([StepFailed("no"), None], 1),
        ([StepFailed("no"), TooBusy("too much")], 1),
        ([TooBusy("too much"), aiohttp.ServerDisconnectedError()], 1),
    ],
)
async def test_what_failed_tells_more_than_what_could_not_be_told(
    errors: list[Exception | None], code: int, tmp_path: Path
) -> None:
    tried = tour(tmp_path)
    for number, error in enumerate(errors):
        await tried._step(str(number), step(error))

    assert (tried.code, tried.figures["ok"]) == (code, code == 0)
    assert [tried.figures[str(number)]["ok"] for number in range(2)] == [error is None for error in errors]


async def test_an_error_without_words_is_given_some(tmp_path: Path) -> None:
    tried = tour(tmp_path)
    assert await tried._step("trace", step(TimeoutError())) is None
    assert tried.figures["trace"]["text"] == "TimeoutError: no answer in time"
    await tried._step("survive", step(TooBusy("4 of 16 failed", {"failed": 4})))
    assert tried.figures["survive"] == {
        "ok": False,
        "failed": 4,
        "text": "4 of 16 failed. Try again when this machine has less to do",
    }
