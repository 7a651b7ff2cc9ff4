"""Membership for processes that listen to nobody: a worker tells the registry that it lives, by a TTL check."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NoReturn

import aiohttp

from discovery.config import MeshConfig
from discovery.errors import RegistryError
from discovery.model import Instance
from discovery.observer import Observe, RegistrationFailed, RegistrationRecovered
from discovery.policy.backoff import Backoff
from discovery.policy.recovery import Asker
from discovery.registry.port import Enrolment, Registry, TtlCheck
from discovery.runtime.identity import identity
from discovery.runtime.mesh import Mesh, registry_of
from discovery.runtime.own_address import own_address
from discovery.runtime.reach import Reach
from discovery.runtime.registrar import Registrar
from discovery.runtime.signals import leaving_on_sigterm
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks

# Other meshes use 15 to 30 s (3 s flapped). A beat in every third of it may be missed twice before that shows.
TTL_S = 20.0
# The registrar puts a lost entry back; the beat has to be there soon after.
_MISSED = Backoff(base_s=1.0, cap_s=1.0)
_LEAVE_LIMIT_S = 3.0


async def beat(
    instance: Instance, registrar: Registrar, registry: Enrolment, around: Surroundings, reach: Reach
) -> NoReturn:
    """Keep the TTL check passing. The first beat follows the registration at once."""
    await registrar.entered.wait()
    asker = Asker(_MISSED)
    while True:
        try:
            await registry.heartbeat(instance.id)
        except RegistryError as error:
            pause_s = reach.failed(asker, error)
            around.observer.notify(RegistrationFailed(instance, error, pause_s, asker.failures))
            await reach.pause(asker, pause_s)
        else:
            if asker.failures:
                around.observer.notify(RegistrationRecovered(instance, asker.failures))
            reach.answered(asker)
            await around.clock.sleep(TTL_S / 3)


@asynccontextmanager
async def registered(
    config: MeshConfig,
    registry: Registry | None = None,
    *,
    observe: Observe | None = None,
    around: Surroundings | None = None,
) -> AsyncIterator[Mesh]:
    """Be in the registry while the block lasts, without a server; yields the mesh for calls.

    ::

        async with discovery.registered(MeshConfig.from_env("importer")) as mesh:
            async with mesh.get("http://ports/ports") as response:
                print(len(await response.json()))

    SIGTERM ends the block as a cancellation does, and then the process, with status 143, unless the program hears that
    signal itself; ``stop_s`` bounds all of that. A second one ends it at once.

    *observe* is told what happens, as in :func:`discovery.run`; without it the log is. Without ``instance_id`` in the
    settings the id holds the process id, since there is no port to tell workers of one host apart.
    """
    around = around or Surroundings()
    registry = registry or registry_of(config)
    with leaving_on_sigterm(config.name, config.stop_s):
        own = await own_address(config, around.clock)
        instance = identity(config, own.host, config.port, around.rng)
        if not config.instance_id:
            instance = replace(instance, id=f"{config.name}-{instance.host}-{os.getpid()}")
        check = TtlCheck(ttl_s=TTL_S, deregister_after_s=config.deregister_after_s)
        with around.observed(observe, instance) as around:
            own.tell()
            async with Mesh(config, registry, around=around) as mesh, aiohttp.ClientSession(trust_env=False) as session:
                registrar = Registrar(instance, check, registry, session, around, mesh.reach)
                try:
                    async with Tasks() as tasks:
                        tasks.start(registrar.keep(), "registration")
                        tasks.start(registrar.keep_current(), "changes")
                        tasks.start(beat(instance, registrar, registry, around, mesh.reach), "heartbeat")
                        with mesh.enrolled(registrar.own):
                            yield mesh
                finally:
                    await registrar.leave(min(_LEAVE_LIMIT_S, config.stop_s / 2))
