"""Which services the world may name: those that say so themselves by a tag, and those that our own settings list.

Everything else does not exist here, whether the registry knows it or not: the two are answered alike.
"""

from __future__ import annotations

from discovery import Mesh
from services.kit.main import PUBLIC_TAG
from services.kit.problem import Problem


async def published(mesh: Mesh) -> frozenset[str]:
    """The public services. Endpoints from settings have no tags: who listed them meant them.

    Raises:
        Problem: 503 until the registry has told us, since "not there" would be a guess.
    """
    names = await mesh.names()
    if not names:
        raise Problem(503, "the registry has not told yet what is here", headers={"Retry-After": "2"})
    return frozenset(name for name, tags in names.items() if PUBLIC_TAG in tags) | frozenset(mesh.config.static)
