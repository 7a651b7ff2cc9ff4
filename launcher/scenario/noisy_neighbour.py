"""One account asks far more than its share: the gateway refuses the rest of it, and nobody else notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.scenario.account import Account
from launcher.scenario.asking import asking
from launcher.scenario.figures import lines
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage

# More than twice what one account may ask of the gateway of this system.
_RATE = 120.0
_ASKED = "/api/orders"
_REFUSED = 429
# What people take for at once.
_SOON_S = 1.0


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    neighbour = Account(stage, "neighbour")
    async with asking(stage, lambda _: _ASKED, _RATE, neighbour.headers):
        yield


async def _heal(stage: Stage) -> None:
    """It ends with the one who plays it."""


async def _browsed(stage: Stage) -> str:
    page = await stage.visitor.open("/")
    soon = page.status == 200 and not page.notices and page.took_s < _SOON_S
    return f"a page comes within {page.took_s * 1000:.0f} ms" if soon else ""


async def _refused(stage: Stage) -> str:
    answered = await _answers(stage, "gateway")
    refused = answered[_REFUSED]
    return f"of {answered.total()} requests a second {refused} are refused (429)" if refused else ""


async def _spared(stage: Stage) -> str:
    services = (await stage.console("/data/services"))["services"]
    load = next((each["load"] for each in services if each["name"] == "orders"), None)
    asked = load["rate"] if load else 0.0
    return f"orders are asked {asked:.0f} times a second, in the mean of a minute" if asked > _RATE / 10 else ""


async def _answers(stage: Stage, service: str) -> Counter[int]:
    """How many requests a second were answered by which status, between the last two reports."""
    found: Counter[int] = Counter()
    for line in await lines(stage, service, "http.server.request.duration"):
        if line.kind == "rate":
            found[line.attributes.get("http.response.status_code", 0)] += round(line.now)
    return found


NOISY_NEIGHBOUR = Scenario(
    name="noisy-neighbour",
    summary=f"one account asks for its orders {_RATE:.0f} times a second",
    needs=("marketplace", "accounts", "orders", "laptops"),
    looks=(
        Look("shop", "/", "Nothing: pages come as fast as before.", _browsed, stays=True),
        Look(
            "console",
            "/services/gateway",
            "http.server.request.duration has a line for the status 429, which is what the gateway answers the account "
            "beyond 50 requests a second, without asking anybody.",
            _refused,
            part="http.server.request.duration",
        ),
        Look(
            "console",
            "/?open=orders",
            "orders are asked for no more than 50 lists a second. They never see the rest.",
            _spared,
            stays=True,
        ),
    ),
    broken=_broken,
    heal=_heal,
)
