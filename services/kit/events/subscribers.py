"""Who takes whose events: it says so by a tag in the registry."""

from __future__ import annotations

from collections.abc import Collection

import discovery


def tag_of(source: str) -> str:
    """What is said in the registry of who takes the events of *source*."""
    return f"takes-{source}"


async def subscribers(mesh: discovery.Mesh, source: str) -> Collection[str]:
    """The services that take them. While the registry is away they are those that it told last."""
    tag = tag_of(source)
    return [name for name, tags in (await mesh.names()).items() if tag in tags]
