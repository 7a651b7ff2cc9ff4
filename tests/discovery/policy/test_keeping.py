from __future__ import annotations

from dataclasses import replace

import pytest

from discovery.model import Health, Instance, Source, Target, View
from discovery.policy.keeping import Deed, Written, deed


def a_view(*healths: Health, as_of: float = 0.0, source: Source = Source.REGISTRY) -> View:
    instances = tuple(
        Instance(id=f"p{number}", service="ports", host="10.0.0.1", port=1 + number, health=health)
        for number, health in enumerate(healths)
    )
    return View(target=Target("ports"), instances=instances, index=1, as_of=as_of, source=source)


WELL = a_view(Health.PASSING, Health.CRITICAL)
OTHER = a_view(Health.PASSING)


@pytest.mark.parametrize(
    ("view", "written", "now", "expected"),
    [
        pytest.param(None, None, 0, Deed.NOTHING, id="nothing is known"),
        pytest.param(WELL, None, 0, Deed.WRITE, id="the first, at once"),
        pytest.param(replace(WELL, source=Source.SNAPSHOT), None, 0, Deed.NOTHING, id="what was read from there"),
        pytest.param(WELL, Written(WELL, 0.0), 9999, Deed.NOTHING, id="unchanged, and not confirmed since"),
        pytest.param(replace(WELL, as_of=9.0), Written(WELL, 0.0), 599, Deed.NOTHING, id="unchanged"),
        pytest.param(replace(WELL, as_of=9.0), Written(WELL, 0.0), 600, Deed.WRITE, id="confirmed for ten minutes"),
        pytest.param(OTHER, Written(WELL, 0.0), 4.9, Deed.NOTHING, id="changed a moment ago"),
        pytest.param(OTHER, Written(WELL, 0.0), 5, Deed.WRITE, id="changed"),
        pytest.param(WELL, Written(WELL, 0.0, failed=True), 59, Deed.NOTHING, id="a disk that is full"),
        pytest.param(WELL, Written(WELL, 0.0, failed=True), 60, Deed.WRITE, id="... may be no longer"),
        pytest.param(a_view(), None, 0, Deed.FORGET, id="nobody, and that was confirmed"),
        pytest.param(a_view(), Written(WELL, 0.0), 5, Deed.FORGET, id="nobody any more"),
        pytest.param(a_view(), Written(a_view(), 0.0), 500, Deed.NOTHING, id="nobody still"),
        pytest.param(a_view(Health.CRITICAL), Written(WELL, 0.0), 99, Deed.NOTHING, id="none could be called"),
        pytest.param(a_view(Health.WARNING), Written(WELL, 0.0), 99, Deed.WRITE, id="one that warns can"),
    ],
)
def test_what_is_done_about_a_snapshot(view: View | None, written: Written | None, now: float, expected: Deed) -> None:
    assert deed(view, written, now) is expected


def test_a_service_that_never_rests_is_written_every_five_seconds_at_most() -> None:
    written, writes = None, 0
    for tick in range(6000):
        view = a_view(*[Health.PASSING] * (1 + tick % 2), as_of=tick / 10)
        if deed(view, written, tick / 10) is Deed.WRITE:
            written, writes = Written(view, tick / 10), writes + 1
    assert writes <= 121
