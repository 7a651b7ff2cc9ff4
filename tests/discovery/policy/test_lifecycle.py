from __future__ import annotations

import pytest

from discovery.policy.lifecycle import Lifecycle, advance

STARTING, READY, DRAINING, STOPPED = Lifecycle

LEGAL = {
    (STARTING, READY),
    (STARTING, DRAINING),
    (STARTING, STOPPED),
    (READY, DRAINING),
    (DRAINING, STOPPED),
}


@pytest.mark.parametrize("state", Lifecycle)
@pytest.mark.parametrize("to", Lifecycle)
def test_only_the_way_forward_is_open(state: Lifecycle, to: Lifecycle) -> None:
    if (state, to) in LEGAL:
        assert advance(state, to) is to
    else:
        with pytest.raises(RuntimeError, match=f"a process that is {state} cannot become {to}"):
            advance(state, to)


def test_the_error_says_what_may_follow() -> None:
    with pytest.raises(RuntimeError, match="only draining may follow"):
        advance(READY, STOPPED)
    with pytest.raises(RuntimeError, match="only nothing may follow"):
        advance(STOPPED, STARTING)
