"""Registration as a reconciler: what should be in the registry is compared with what is there, for ever.

Two eyes watch, because each is blind where the other sees. The agent's own record, read by hash, wakes when our
entry is deregistered or changed, but not when its check is lost or the catalogue forgot it. The service's health,
as everybody sees it, shows just that.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NoReturn

import aiohttp

from discovery.errors import IdentityTaken, RegistryError
from discovery.model import Instance, Source, View
from discovery.observer import Deregistered, NotInCatalogue, Registered, RegistrationFailed, RegistrationRecovered
from discovery.policy.backoff import Backoff
from discovery.policy.recovery import Asker
from discovery.policy.watch import WAIT_S, Pace
from discovery.registry.port import Enrolment, HttpCheck, Registration, TtlCheck
from discovery.runtime.directory import Directory
from discovery.runtime.identity import boot_at, boot_of, generation
from discovery.runtime.own_entry import OwnEntry
from discovery.runtime.reach import Reach
from discovery.runtime.surroundings import Surroundings

# One that is refused never gives up: a token can be given its rights later.
_RETRY = Backoff(base_s=1.0, cap_s=5.0)

# An agent writes its entries to the catalogue within moments: to look sooner would mistake that for loss. When
# putting the entry back does not help, something hides it from us, and we ask less and less often.
_SETTLE_S = 5.0
_SETTLE_MOST_S = 60.0

_PROBE_LIMIT_S = 2.0

_NOT_SHOWN = "the catalogue had lost it"


class Registrar:
    """Keeps one instance registered. ``session`` is for asking ourselves, and whoever seems to be us.

    ``entered`` is set when the entry was put for the first time.
    """

    def __init__(
        self,
        instance: Instance,
        check: HttpCheck | TtlCheck,
        registry: Enrolment,
        session: aiohttp.ClientSession,
        around: Surroundings,
        reach: Reach,
    ) -> None:
        self._instance = instance
        self._check = check
        self._registry = registry
        self._session = session
        self._around = around
        self._reach = reach
        self.own = OwnEntry(instance)
        self._wanted = instance
        self._put_as = instance  # what the entry was made of that was put last
        self._generation = 0
        self.entered = asyncio.Event()
        self._putting = asyncio.Lock()

    async def keep(self) -> NoReturn:
        """Put our entry into the registry, and back whenever the agent has lost or changed it.

        Raises:
            IdentityTaken: when another live process is registered under our id. Whoever was first stays: two that
                rewrite one another's entry would never end.
        """
        reason, hash_, pace, asker = "start", "", Pace(), Asker(_RETRY)
        while True:
            await self._around.clock.sleep(pace.delay(self._around.clock.now()))
            try:
                entry = await self._registry.entry(self._instance.id, hash=hash_, wait_s=WAIT_S if hash_ else 0.0)
                hash_ = entry.hash if entry else ""
                if entry is None:
                    await self._put(reason)
                elif boot_of(entry.instance) != boot_of(self._instance):
                    await self._challenge(entry.instance)
                    await self._replace("it was a predecessor's")
                elif not _same(entry.instance, self._wanted):
                    await self._put("the agent had another version")
            except RegistryError as error:
                await self._pause(error, asker)
                hash_ = ""
            else:
                if asker.failures:
                    self._around.observer.notify(RegistrationRecovered(self._instance, asker.failures))
                self._reach.answered(asker)
                reason = "the agent had lost it"

    async def keep_visible(self, directory: Directory) -> NoReturn:
        """Put our entry back whenever the service's health does not show it with its check.

        What hides it for longer than that helps is told: then the agent cannot write to the catalogue.
        """
        settle_s, asker = _SETTLE_S, Asker(_RETRY)
        await self.entered.wait()
        seen_at = self._around.clock.now()
        while True:
            if not (reason := self._lost(directory.view)):
                settle_s = _SETTLE_S
                await directory.changed()
                seen_at = self._around.clock.now()
                continue
            try:
                async with self._around.clock.timeout(settle_s):
                    while self._lost(directory.view):
                        await directory.changed()
            except TimeoutError:
                settle_s = min(settle_s * 2, _SETTLE_MOST_S)
                try:
                    entry = await self._registry.entry(self._instance.id)
                    if entry is None or boot_of(entry.instance) == boot_of(self._instance):
                        # Once it may have been the catalogue's loss; then the agent cannot make up for it.
                        if entry is not None and reason is _NOT_SHOWN and settle_s > 2 * _SETTLE_S:
                            unseen_s = self._around.clock.now() - seen_at
                            self._around.observer.notify(NotInCatalogue(self._instance, unseen_s))
                        await self._replace(reason)
                except RegistryError as error:
                    await self._pause(error, asker)
                else:
                    self._reach.answered(asker)

    async def keep_current(self) -> NoReturn:
        """Tell the registry what changed in what our entry should say."""
        asker, own = Asker(_RETRY), self.own
        await self.entered.wait()
        while True:
            await own.changed.wait()
            own.changed.clear()
            try:
                if self._put_as is not own.instance:
                    await self._put("it was changed by its own process")
                if own.untold:
                    out = own.out
                    await self._registry.maintain(self._instance.id, out)
                    own.told(out)
            except RegistryError as error:
                own.changed.set()
                await self._pause(error, asker)
            else:
                if asker.failures:
                    self._around.observer.notify(RegistrationRecovered(self._instance, asker.failures))
                self._reach.answered(asker)

    async def leave(self, limit_s: float) -> bool:
        """Take our entry out, within *limit_s*; one that another process has under our id stays.

        Returns whether anybody can have known of us: not when no registration was ever sent.
        """
        if not self._generation:
            return False
        failure: Exception | None = None
        try:
            async with self._around.clock.timeout(limit_s):
                for _ in range(2):  # a registration may have been on its way
                    entry = await self._registry.entry(self._instance.id)
                    if entry is not None and boot_of(entry.instance) == boot_of(self._instance):
                        await self._registry.deregister(self._instance.id)
        except (RegistryError, TimeoutError) as error:
            failure = error
        self._around.observer.notify(Deregistered(self._instance, failure))
        return True

    async def _put(self, reason: str) -> None:
        async with self._putting:
            self._generation += 1
            wanted = self.own.instance
            self._wanted = generation(wanted, self._generation)
            await self._registry.register(Registration(self._wanted, await self._proven()))
            self._put_as = wanted
            self.own.put_anew()
            self.entered.set()
            self._around.observer.notify(Registered(self._wanted, reason))

    async def _replace(self, reason: str) -> None:
        # An agent keeps what it knows of a check: its status, which for a predecessor is critical by now, and that the
        # catalogue has it, when that has lost it. So the old entry goes first. Unless an operator marked it for
        # maintenance: the mark would go with it.
        if not any(each.maintenance for each in await self._registry.checks(self._instance.id)):
            await self._registry.deregister(self._instance.id)
        await self._put(reason)

    async def _proven(self) -> HttpCheck | TtlCheck:
        # A check that starts as critical keeps us out for up to an interval; so we ask ourselves first, through
        # the address that peers will use, and register what we found.
        if isinstance(self._check, TtlCheck):
            return self._check
        answered = await boot_at(self._session, self._instance, _PROBE_LIMIT_S)
        return replace(self._check, passing=self.own.out is None and answered == boot_of(self._instance))

    async def _challenge(self, other: Instance) -> None:
        # At our own address only we can answer, since we have bound it: what is registered there has died. A worker has
        # bound nothing and cannot ask: it takes over when it starts, and whoever is taken over from stops.
        if other.address == self._instance.address:
            if not self._instance.port and self._generation:
                raise IdentityTaken(self._instance.id, other.address)
            return
        if await boot_at(self._session, other, _PROBE_LIMIT_S) is not None:
            raise IdentityTaken(self._instance.id, other.address)

    def _lost(self, view: View | None) -> str:
        if view is None or view.source is Source.SNAPSHOT:
            return ""
        mine = next((each for each in view.instances if each.id == self._instance.id), None)
        if mine is None:
            return _NOT_SHOWN
        return "" if any(check.id == f"service:{mine.id}" for check in mine.checks) else "its check was lost"

    async def _pause(self, error: RegistryError, asker: Asker) -> None:
        pause_s = self._reach.failed(asker, error)
        self._around.observer.notify(RegistrationFailed(self._instance, error, pause_s, asker.failures))
        await self._reach.pause(asker, pause_s)


def _same(one: Instance, other: Instance) -> bool:
    return _told(one) == _told(other)


def _told(instance: Instance) -> tuple[object, ...]:
    weights = instance.weight, instance.warning_weight
    return instance.service, instance.address, set(instance.tags), dict(instance.meta), weights
