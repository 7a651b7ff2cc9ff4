"""How a process shows itself to others while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from discovery.errors import Misused
from discovery.runtime.own_entry import OwnEntry


class Presence:
    """The part of a mesh that changes the entry of its own process, where there is one."""

    _own: OwnEntry | None = None

    @contextmanager
    def enrolled(self, own: OwnEntry) -> Iterator[None]:
        """While the block lasts this process has an entry; asked by whoever registers it."""
        self._own = own
        try:
            yield
        finally:
            self._own = None

    def update(
        self,
        *,
        weight: int | None = None,
        warning_weight: int | None = None,
        meta: Mapping[str, str] | None = None,
        tags: tuple[str, ...] | None = None,
    ) -> None:
        """Change what our own entry says: our share of calls, our metadata, our tags; the rest stays as it is.

        ::

            async with discovery.registered(MeshConfig.from_env("importer")) as mesh:
                mesh.update(weight=10, meta={"shard": "7"}, tags=("v2",))

        *meta* takes the place of all pairs that the settings said, but for version and zone. It is told to the registry
        at once, and again until that has taken it; an entry that the agent loses comes back with it.

        Raises:
            Misused: where this mesh registered nobody.
            ConfigError: when Consul would not register that.
        """
        self._entry().update(weight, warning_weight, meta, tags)

    async def maintenance(self, reason: str | None) -> None:
        """Take ourselves out of service, as ``consul maint`` does, or with ``None`` back into it.

        ::

            async with discovery.registered(MeshConfig.from_env("importer")) as mesh:
                await mesh.maintenance("the index is built anew")
                await mesh.maintenance(None)

        Nobody calls us then, unless all others are gone; what is under way goes on. It returns when the registry has
        taken it, which is tried again and again; an entry that the agent loses comes back so. It ends with this
        process, whose entry is taken out.

        Raises:
            Misused: where this mesh registered nobody.
        """
        await self._entry().maintain(reason)

    def _entry(self) -> OwnEntry:
        if self._own is None:
            raise Misused(
                "this mesh has no entry in the registry: only that of a server or a worker has one, while it runs "
                "(discovery.run, serving, registered)"
            )
        return self._own
