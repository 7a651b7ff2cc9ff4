"""Payments answer nothing but 503: orders wait, and all else goes on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.customers import Page
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble

_KEY = "mesh/payments/fault"
_CALL = "./mesh call payments /charges/some-order"


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    await stage.set(_KEY, json.dumps({"status": 503}))
    yield


async def _heal(stage: Stage) -> None:
    await stage.set(_KEY, None)


async def _held_up(stage: Stage) -> str:
    """What the page of an order says that waits; an order that went through is forgotten, and one is placed anew."""
    visitor = stage.visitor
    page = await visitor.open(path := visitor.order_path or await visitor.order())
    if page.path != path or page.status != 200:
        raise Trouble(f"{path} led to {page.path} ({page.status}): {' '.join(page.notices)}")
    if "longer than usual" in (said := " ".join(page.notices)):
        return f"{page.path}: {said}"
    if not Page(page.text).refreshes:  # it is over
        visitor.order_path = ""
    return ""


async def _refused(stage: Stage) -> str:
    edges = (await stage.console("/data/map?minutes=5"))["edges"]
    asked = [edge for edge in edges if (edge["from"], edge["to"]) == ("orders", "payments") and edge["errors"] > 0]
    return "".join(f"{edge['errors']:.0%} of {edge['calls']} calls from orders to payments failed" for edge in asked)


async def _traced(stage: Stage) -> str:
    traces = (await stage.console("/data/traces?service=payments&errors=1"))["traces"]
    found = [each for each in traces if each["start_ms"] >= stage.since_s * 1000]
    return f"{len(found)} traces with a payment that failed" if found else ""


async def _answered(stage: Stage) -> str:
    _, said = await stage.command(_CALL)
    return next((line.strip() for line in said.splitlines() if " 503 " in line), "")


PAYMENT_FAILURE = Scenario(
    name="payment-failure",
    summary="payments answer 503 to whatever they are asked",
    needs=("marketplace", "accounts", "laptops", "orders", "payments"),
    looks=(
        Look(
            "shop",
            "/orders",
            "Sign up and order something. The order is kept; after five seconds its page says that it takes longer "
            "than usual. Everything else works as before.",
            _held_up,
        ),
        Look("command", _CALL, "Each attempt is answered by 503.", _answered),
        Look("console", "/map?minutes=5", "The line from orders to payments is red.", _refused, stays=True),
        Look(
            "console",
            "/traces?service=payments&errors=1",
            "Each that begins at orders is one try to be paid. They come further and further apart, up to five "
            "seconds.",
            _traced,
            stays=True,
        ),
    ),
    broken=_broken,
    heal=_heal,
)
