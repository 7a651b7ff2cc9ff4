"""An instance of recommendations keeps all of its spans in memory: it grows with each request, until it is ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from launcher.scenario.asking import asking
from launcher.scenario.figures import Line, lines
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage

_INSTANCE = "recommendations-new"
_PAGE = "/services/recommendations"
# Spans are sent once in an hour, or a million of them at once: until then they are kept.
_KEPT = {
    "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    "OTEL_BSP_MAX_QUEUE_SIZE": "1000000",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "1000000",
    # Most of the requests are its own.
    "MESH_WEIGHT": "9",
}
_MEBIBYTE = 1024 * 1024
# Each instance takes some at first, when what it does is done for the first time.
_MUCH = 6 * _MEBIBYTE
_RATE = 40.0
# A span keeps what its request said of itself. With a shorter name it takes hours to see what is seen in a minute here.
_CRAWLER = {"User-Agent": "crawler " * 900}


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    await stage.start(_INSTANCE, **_KEPT)
    async with asking(stage, lambda number: f"/api/recommendations?laptop={number % 10 + 1}", _RATE, _as_crawler):
        yield


async def _as_crawler() -> Mapping[str, str]:
    return _CRAWLER


async def _heal(stage: Stage) -> None:
    await stage.stop(_INSTANCE)


async def _browsed(stage: Stage) -> str:
    page = await stage.visitor.open("/")
    return "suggestions are there" if page.status == 200 and 'id="recommended"' in page.text else ""


async def _growing(stage: Stage) -> str:
    found = await lines(stage, "recommendations", "process.memory.usage")
    ours = [line for line in found if line.instance.startswith(_INSTANCE)]
    others = max((_grown(line) for line in found if line not in ours), default=0.0)
    for line in ours:
        if _grown(line) - others > _MUCH:
            held, more = (f"{size / _MEBIBYTE:.0f} MiB" for size in (line.now, _grown(line)))
            return (
                f"{line.instance} holds {held}, {more} more than at first; others grew by {others / _MEBIBYTE:.0f} MiB"
            )
    return ""


def _grown(line: Line) -> float:
    return line.now - line.values[0]


MEMORY_LEAK = Scenario(
    name="memory-leak",
    summary="one instance of recommendations keeps in memory whatever it did, and is asked a lot",
    needs=("marketplace", "recommendations", "laptops"),
    looks=(
        Look("shop", "/", "Nothing, for as long as the machine has memory.", _browsed, stays=True),
        Look(
            "console",
            _PAGE,
            f"process.memory.usage has a line for each instance: that of {_INSTANCE} rises, the other one is level.",
            _growing,
            part="process.memory.usage",
        ),
    ),
    broken=_broken,
    heal=_heal,
)
