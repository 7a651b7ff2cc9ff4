"""An eye on our own check: an instance that stays critical is called by nobody, and would else be the last to know.

A check that fails once is no news, and nor is one that has not run yet: it is told when it has had the time to run
twice, then after twice that time, and so on.
"""

from __future__ import annotations

from typing import NoReturn

from discovery.errors import RegistryError
from discovery.model import Check, Health, Instance
from discovery.observer import CheckFailed, CheckRecovered
from discovery.registry.port import Enrolment, HttpCheck
from discovery.runtime.directory import Directory
from discovery.runtime.identity import boot_of
from discovery.runtime.surroundings import Surroundings

_MOST_S = 600.0


async def look(
    instance: Instance, check: HttpCheck, directory: Directory, registry: Enrolment, around: Surroundings
) -> NoReturn:
    """Tell, for ever, when our entry stays critical, and why; and when that is over."""
    patience_s = 2 * check.interval_s + check.timeout_s
    while True:
        if not _critical(instance, directory):
            await directory.changed()
            continue
        since, pause_s, told = around.clock.now(), patience_s, False
        while await _stays_critical(instance, directory, around, pause_s):
            for_s = around.clock.now() - since
            around.observer.notify(CheckFailed(instance, await _said(instance, directory, registry), for_s))
            pause_s, told = min(pause_s * 2, _MOST_S), True
        if told:
            around.observer.notify(CheckRecovered(instance, around.clock.now() - since))


async def _stays_critical(instance: Instance, directory: Directory, around: Surroundings, for_s: float) -> bool:
    try:
        async with around.clock.timeout(for_s):
            while _critical(instance, directory):
                await directory.changed()
    except TimeoutError:
        return True
    return False


def _critical(instance: Instance, directory: Directory) -> tuple[Check, ...]:
    known = directory.view.instances if directory.view else ()
    # A predecessor's entry under our id is not ours.
    mine = next((each for each in known if each.id == instance.id and boot_of(each) == boot_of(instance)), None)
    if mine is None:
        return ()
    # Who took it out of service knows.
    failed = (check for check in mine.checks if check.status is Health.CRITICAL and not check.maintenance)
    return tuple(failed)


async def _said(instance: Instance, directory: Directory, registry: Enrolment) -> str:
    """What the critical checks say: the agent's own words where it has them, since others hear them minutes later."""
    shown = _critical(instance, directory)
    try:
        own = {check.id: check for check in await registry.checks(instance.id)}
    except RegistryError:
        own = {}
    newest = [own.get(check.id, check) for check in shown]
    return "; ".join(f"{check.name or check.id}: {check.output.strip() or 'it has not run yet'}" for check in newest)
