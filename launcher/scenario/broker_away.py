"""The broker cannot be reached: orders go on, and their customers are told of them when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.customers import Page
from launcher.scenario.figures import lines
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import BROKER, Stage
from launcher.scenario.trouble import Trouble

_CONFIRMED = "It is paid and yours"
# Word of an order takes a fraction of a second otherwise.
_LONG_S = 2.0


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    await stage.ask("cut_broker")
    yield


async def _heal(stage: Stage) -> None:
    await stage.ask("join_broker")


async def _confirmed(stage: Stage) -> str:
    """That an order is; one that ended otherwise is forgotten, and another one is placed."""
    visitor = stage.visitor
    page = await visitor.open(path := visitor.order_path or await visitor.order())
    if _CONFIRMED in page.text:
        return f"{path} is confirmed"
    if not Page(page.text).refreshes:
        visitor.order_path = ""
    return ""


async def _untold(stage: Stage) -> str:
    """That the notifications of its customer do not know that it is confirmed, for longer than is usual."""
    path = stage.visitor.order_path
    if not path or not await _confirmed(stage) or await _is_told(stage, path):
        return ""
    await stage.clock.sleep(_LONG_S)
    return "" if await _is_told(stage, path) else f"/notifications do not say that {path} is confirmed"


async def _is_told(stage: Stage, path: str) -> bool:
    page = await stage.visitor.open("/notifications")
    if 'id="notices"' not in page.text:
        raise Trouble(f"/notifications answered {page.status}: {' '.join(page.notices)}")
    return f"Your order {path.rpartition('/')[2]} is confirmed" in page.text


async def _waiting(stage: Stage) -> str:
    for line in await lines(stage, "orders", "mesh.events.backlog"):
        if line.attributes.get("service.peer.name") == "notifications" and line.now:
            return f"{line.now:.0f} events of orders wait for notifications"
    return ""


BROKER_AWAY = Scenario(
    name="broker-away",
    summary="the services cannot reach the broker by which their events go",
    needs=("marketplace", "accounts", "laptops", "orders", "payments", "notifications", BROKER),
    looks=(
        Look(
            "shop",
            "/orders",
            "Sign up and order something. It is confirmed as on any other day.",
            _confirmed,
            stays=True,
        ),
        Look(
            "shop",
            "/notifications",
            "Nothing is said of that order, neither that it was placed nor that it is confirmed.",
            _untold,
        ),
        Look(
            "console",
            "/services/orders",
            "mesh.events.backlog has a line for each service that takes the events of orders. It rises with each "
            "order, by one when that is placed and by one when it is confirmed.",
            _waiting,
            part="mesh.events.backlog",
        ),
    ),
    broken=_broken,
    heal=_heal,
)
