"""Who this process is: one id that stays the same over restarts, and a boot nonce that does not."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from types import MappingProxyType

import aiohttp

from discovery import wire
from discovery.config import MeshConfig
from discovery.model import Instance
from discovery.variables import split_address


def identity(config: MeshConfig, host: str, port: int, rng: Random) -> Instance:
    """Describe ourselves once the *port* is bound; *host* is where others reach us, unless ``advertise`` says better.

    The id is ``service-host-port``, so that a process that was killed and comes back takes over its old entry,
    where random ids would leave ghosts.
    """
    if config.advertise:
        host, advertised_port = split_address(config.advertise)
        port = advertised_port or port
    meta = {**_meta(config), "boot": f"{rng.getrandbits(64):016x}"}
    return Instance(
        id=config.instance_id or f"{config.name}-{host}-{port}",
        service=config.name,
        host=host,
        port=port,
        tags=config.tags,
        meta=MappingProxyType(meta),
        weight=config.weight,
        warning_weight=config.warning_weight,
    )


def unregistered(config: MeshConfig) -> Instance:
    """Who a process is to its own observer that nobody calls, and no registry knows: one of a host's many."""
    return Instance(
        id=config.instance_id or f"{config.name}-{os.getpid()}",
        service=config.name,
        host="",
        port=0,
        tags=config.tags,
        meta=MappingProxyType(_meta(config)),
    )


def _meta(config: MeshConfig) -> dict[str, str]:
    own = {"version": config.version, "zone": config.zone, "secure": "true" if config.tls_cert else ""}
    return {**config.meta, **{name: value for name, value in own.items() if value}}


def generation(instance: Instance, number: int) -> Instance:
    """The same instance, told apart from its earlier entries: an identical registration heals nothing in Consul."""
    return replace(instance, meta=MappingProxyType({**instance.meta, "generation": str(number)}))


def boot_of(instance: Instance) -> str:
    """The boot nonce that an instance carries; empty when no mesh registered it."""
    return instance.meta.get("boot", "")


async def boot_at(session: aiohttp.ClientSession, instance: Instance, limit_s: float) -> str | None:
    """Ask the process at the instance's address for its boot nonce; ``None`` when it does not answer for that id."""
    url = f"{instance.origin}{wire.check_path(instance.id)}"
    try:
        timeout = aiohttp.ClientTimeout(total=limit_s)
        # The nonce says who it is, whatever certificate he shows.
        async with session.get(url, timeout=timeout, allow_redirects=False, ssl=False) as response:
            return response.headers.get(wire.BOOT) if response.status in {200, 429, 503} else None
    except (aiohttp.ClientError, TimeoutError):
        return None
