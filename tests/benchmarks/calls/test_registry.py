"""The registry of one large service behaves as one that is followed, and one instance of it changes."""

from __future__ import annotations

from benchmarks.calls.registry import registry
from discovery import Health, Mesh, MeshConfig


async def test_one_instance_changes_and_all_others_stay() -> None:
    async with registry("30") as address, Mesh(MeshConfig(name="bench", consul_url=f"http://{address}")) as mesh:
        views = mesh.watch("items")
        first, second = await anext(views), await anext(views)

    changed = [pair for pair in zip(first.instances, second.instances, strict=True) if pair[0] != pair[1]]
    assert len(first.instances) == 30
    assert [(before.id, before.health, after.health) for before, after in changed] == [
        ("items-0", Health.PASSING, Health.CRITICAL)
    ]
