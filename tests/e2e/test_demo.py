"""`mesh demo`: every step holds."""

from __future__ import annotations

import json
import signal

import pytest

from launcher.plan import SYSTEM
from tests.e2e.command import Up, said

pytestmark = pytest.mark.e2e


@pytest.mark.consul
async def test_every_step_holds_and_its_figures_are_there() -> None:
    code, out, err = await said("demo", "--json", "--consul", "real")
    figures = json.loads(out)
    assert (code, figures["ok"]) == (0, True), out + err
    survive = figures["survive"]
    # The rate is what the machine bears; what is sent, and that some of it met the kill, follows from the rate.
    assert 4 <= survive["rate"] <= 100
    assert (survive["sent"], survive["without"]["sent"]) == (round(8 * survive["rate"]), round(4 * survive["rate"]))
    assert survive["finding"] in {"held", "slow", "unmet"}
    assert survive["retried"] >= survive["got_round"]
    assert (survive["got_round"] > 0) is (survive["finding"] != "unmet")
    spans = figures["trace"]["spans"]
    assert [(span["attempt"], span["status"]) for span in spans if span["attempt"] and span["depth"] > 3] == [
        (1, 503),
        (2, 200),
    ]
    assert {span["service"] for span in spans} == {"gateway", "laptops", "ports"}
    order = figures["order"]
    assert (order["state"], order["charges"], order["instance"]) == ("confirmed", 1, "orders-1")
    assert (order["stock"]["before"] - order["stock"]["after"], order["stock"]["held"]) == (1, 0)
    set_aside, killed, charged, confirmed, told = (
        next(number for number, step in enumerate(order["steps"]) if words in step["what"])
        for words in ("set aside", "killed", "charged", "confirmed", "customer")
    )
    assert set_aside < killed < charged < confirmed < told


async def test_it_is_readable_without_a_terminal() -> None:
    code, out, err = await said("demo", "--consul", "embedded")
    assert code == 0, out + err
    assert "\x1b" not in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert [line.split()[1] for line in out.splitlines() if line.startswith("✓")] == [
        "start",
        "discover",
        "survive",
        "trace",
        "order",
        "leave",
    ]


async def test_ctrl_c_in_the_middle_leaves_nothing() -> None:
    async with Up("demo", "--consul", "embedded") as demo:
        await demo.comes(lambda: len(demo.processes()) == 2 + sum(SYSTEM.values()))
        demo.signal(signal.SIGINT)
        assert await demo.ended() == 130
        assert demo.processes() == []
