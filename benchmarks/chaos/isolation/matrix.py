"""Each service down, in each way, against each journey: what a person sees at once, and a little later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import click

from benchmarks.chaos.gateway.stage import UNLIMITED, Stage
from benchmarks.chaos.isolation.faults import FAULTS, Down, Shop
from benchmarks.chaos.isolation.journeys import JOURNEYS, KNOWN, Journey, Person, Seen, prepared
from benchmarks.chaos.playing import Scenario
from launcher.development import Row

# The gateway is whom people reach, so it has nobody to stand in for it.
SERVICES = ("accounts", "laptops", "ports", "payments", "orders", "notifications", "recommendations", "marketplace")
ALONE: Mapping[str, Mapping[str, str]] = {"gateway": UNLIMITED}
# By then whoever calls has noticed.
_LATER_S = 3.0
_WELL_AGAIN_S, _POLL_S = 40.0, 1.0

# What went wrong, of a service, in a way, on a journey.
Cells = dict[tuple[str, str, str], Journey]


def rows_of(service: str, fault: str, cells: Mapping[str, Journey], again: Mapping[str, Journey]) -> list[Row]:
    """Two figures: journeys that nobody should have, and those that were not well again afterwards."""
    broken = sum(each.seen is Seen.BROKEN for each in cells.values())
    ill = sum(each.seen is not Seen.WORKS for each in again.values())
    what = f"{service} {fault}: journeys"
    return [
        Row(f"{what} without words, or without an answer for 2 s", broken, f"of {len(cells)}", "= 0", not broken),
        Row(f"{what} that do not work when it is back", ill, f"of {len(again)}", "= 0", not ill),
    ]


def table(cells: Cells) -> str:
    """The matrix, for people: a line for each service and fault."""
    lines = [("", *JOURNEYS), ("---",) * (len(JOURNEYS) + 1)]
    for service, fault in dict.fromkeys((service, fault) for service, fault, _ in cells):
        seen = (cells[service, fault, name].seen.words for name in JOURNEYS)
        lines.append((f"{service} {fault}", *seen))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


class Matrix:
    """All that was seen, service by service."""

    def __init__(self) -> None:
        self.cells: Cells = {}

    def scenario(self, service: str) -> Scenario[Stage]:
        """That *service* down in each way."""

        async def play(stage: Stage) -> list[Row]:
            rows: list[Row] = []
            async with stage.system() as system, Shop(system, ALONE) as shop:
                await shop.start(*SERVICES, "gateway")
                await _well_again(stage, shop)
                for fault, down in FAULTS.items():
                    seen = await look(stage, shop, service, down)
                    self.cells |= {(service, fault, name): journey for name, journey in seen.items()}
                    for name, journey in seen.items():
                        for step in journey.wrong:
                            click.echo(f"mesh:   {service} {fault}, {name}: {step}", err=True)
                    rows += rows_of(service, fault, seen, await _well_again(stage, shop))
            return rows

        return Scenario(service, f"{service} is down, and people go on", play)


async def look(stage: Stage, shop: Shop, service: str, down: Down) -> Mapping[str, Journey]:
    """What people see with *service* down: who comes later, and of who comes at once only what nobody should see."""
    async with _people(stage, shop) as first, _people(stage, shop) as second, down(shop, service):
        at_once = await _travelled(first)
        await stage.clock.sleep(_LATER_S)
        later = await _travelled(second)
    for name, journey in later.items():
        for step in at_once[name].wrong:
            journey.sees(Seen.BROKEN, f"{step}, at once")
    return later


@asynccontextmanager
async def _people(stage: Stage, shop: Shop) -> AsyncIterator[Mapping[str, Person]]:
    """Somebody for each journey, who has done before what that needs."""
    async with AsyncExitStack() as stack:
        people = {name: await stack.enter_async_context(Person(shop.gateway.url, stage.clock)) for name in JOURNEYS}
        await asyncio.gather(*(prepared(people[name]) for name in KNOWN))
        await people["login"].come_back()
        yield people


async def _travelled(people: Mapping[str, Person]) -> Mapping[str, Journey]:
    """How each of them went, all side by side."""
    for person in people.values():
        person.journey = Journey()
    await asyncio.gather(*(JOURNEYS[name](person) for name, person in people.items()))
    return {name: person.journey for name, person in people.items()}


async def _well_again(stage: Stage, shop: Shop) -> Mapping[str, Journey]:
    """The journeys when all of them work, or after a while."""
    end = stage.clock.now() + _WELL_AGAIN_S
    while True:
        async with _people(stage, shop) as people:
            seen = await _travelled(people)
        if all(each.seen is Seen.WORKS for each in seen.values()) or stage.clock.now() > end:
            return seen
        await stage.clock.sleep(_POLL_S)
