"""Pictures of scenarios: of each page that one names, while it is broken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from discovery.clock import Clock
from discovery.errors import ConfigError
from launcher.demo.failures import NoPicture
from launcher.local import State, no_broker
from launcher.scenario import BROKER, SCENARIOS, Look, Play, Scenario, Stage

# Customers go on meanwhile, so that maps and lists have something to show.
_GROWS_S = 12.0

# The name of a picture, the address of its page, the text to be in the middle, and the cookies of who looks at it.
Taking = Callable[[str, str, str, Mapping[str, str]], Awaitable[None]]


async def picture_scenario(scenario: Scenario, state: State, clock: Clock, take: Taking) -> None:
    """Break what *scenario* breaks, *take* the pictures, and mend it.

    Raises:
        NoPicture: when it did not show where it says.
    """
    async with Stage(state, clock) as stage:
        await stage.look(scenario.needs)

        async def hold() -> None:
            await clock.sleep(_GROWS_S)
            for look in scenario.looks:
                if look.where != "command":
                    address = _address(stage, look)
                    await take(picture_of(scenario, look), address, look.part, stage.visitor.cookies)

        course = await Play(scenario, stage, lambda seen: None).run(hold)
    if course.unseen:
        places = ", ".join(f"{look.where} {look.path}" for look in course.unseen)
        raise NoPicture(f"{scenario.name} did not show in time: {places}")


def pictured(only: Sequence[str], broker: str) -> Sequence[str]:
    """The scenarios to take pictures of: *only* these, or all that can be played with the broker at the URL *broker*.

    Raises:
        ConfigError: when *only* has one that is not there, or that cannot be played.
    """
    if unknown := [name for name in only if name not in SCENARIOS]:
        raise ConfigError(f"there is no scenario {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    why = no_broker(broker)
    left = [name for name, scenario in SCENARIOS.items() if why and BROKER in scenario.needs]
    if refused := [name for name in only if name in left]:
        raise ConfigError(f"{', '.join(refused)}: {why}")
    return only or [name for name in SCENARIOS if name not in left]


def picture_of(scenario: Scenario, look: Look) -> str:
    """What a picture is called: the scenario, who shows the page, and what that is about."""
    about = look.path.partition("?")[0].strip("/").partition("/")[0]
    return "-".join(filter(None, (scenario.name, look.where, about)))


def _address(stage: Stage, look: Look) -> str:
    # Among one's orders it is the one that is waited for.
    path = stage.visitor.order_path if look.path == "/orders" else look.path
    return stage.url(look.where, path)
