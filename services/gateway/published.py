"""Which services the world may name: those that say so themselves by a tag, and those that our own settings list.

Everything else does not exist here, whether the registry knows it or not: the two are answered alike.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import NoReturn

from aiohttp import web

from discovery import MESH, Mesh, TooManyServices
from discovery.web import Problem
from services.gateway.target import SHOP
from services.kit.main import PUBLIC_TAG


async def follow(app: web.Application) -> AsyncIterator[None]:
    """Follow the shop and every public service from the start: when they are asked for, the registry may be away.

    They are only looked at, not watched, so that the mesh gives up by itself those that have gone.
    """

    async def following(mesh: Mesh) -> None:
        async for names in mesh.watch_names():
            for name in (SHOP, *_public(names)):
                with suppress(TooManyServices):
                    mesh.view(name)

    task = asyncio.create_task(following(app[MESH]))
    yield
    task.cancel()
    await asyncio.wait([task])


async def published(mesh: Mesh) -> frozenset[str]:
    """The public services. Endpoints from settings have no tags: who listed them meant them, but for the shop's pages.

    Raises:
        Problem: 503 until the registry has told us, since "not there" would be a guess.
    """
    names = await mesh.names() or _not_told()
    return _public(names) | frozenset(mesh.config.static) - {SHOP}


async def is_published(mesh: Mesh, service: str) -> bool:
    """Whether *service* is one of them, asked for once more where it is not known at all.

    Raises:
        Problem: likewise.
    """
    names = await mesh.names(service) or _not_told()
    return PUBLIC_TAG in names.get(service, ()) or (service in mesh.config.static and service != SHOP)


def _not_told() -> NoReturn:
    raise Problem(503, "the registry has not told yet what is here", headers={"Retry-After": "2"})


def _public(names: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    return frozenset(name for name, tags in names.items() if PUBLIC_TAG in tags)
