"""Keeping the settings as the registry's key-value store has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from discovery.observer import SettingsChanged
from discovery.policy.watch import wait_s
from discovery.registry.port import SettingsSource, Values
from discovery.runtime.reach import Reach
from discovery.runtime.settings import Settings, prefix
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.watcher import follow


async def keep(
    settings: Settings,
    source: SettingsSource,
    service: str,
    around: Surroundings,
    reach: Reach,
    changed: Callable[[], None],
) -> NoReturn:
    """Keep *settings* as the store has them, for ever; after each change *changed* makes of them what calls read."""
    last: Mapping[str, str] = {}

    def accept(answer: Values) -> None:
        nonlocal last
        if answer.values != last:
            last = answer.values
            problems = settings.take(answer.values)
            changed()
            around.observer.notify(SettingsChanged(answer.values, problems))

    await follow(
        f"settings below {prefix(service)}",
        lambda index: source.settings(prefix(service), index=index, wait_s=wait_s(index)),
        accept,
        around,
        reach,
    )
