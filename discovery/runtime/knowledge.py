"""What a process knows about services, and how one looks into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from discovery.config import MeshConfig
from discovery.model import Target, View
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory
from discovery.runtime.home import Home


class Knowledge:
    """The part of a mesh that makes no call. There is nothing to look into before it is open, or after."""

    config: MeshConfig
    _home: Home
    _directories: Directories

    def directory(self, name: str) -> Directory:
        """What this process knows about a service; starts following it.

        Keep it in a ``with`` block for as long as you look into it: one in which there is nobody, and which nobody
        uses, is followed no longer after a minute, or at once where ``max_services`` is reached.

        ::

            with mesh.directory("ports") as ports:
                print(ports.room.taken, ports.trouble)
        """
        self._home.check()
        return self._directories.get(Target(name).canonical)

    def view(self, name: str) -> View | None:
        """What is known about a service now; ``None`` until the registry has answered. Starts following it.

        ::

            view = mesh.view("ports")
            if view is not None:
                print([instance.address for instance in view.instances])
        """
        return self.directory(name).view

    def watch(self, name: str) -> AsyncIterator[View]:
        """Every view of a service that differs from the one before, beginning with the current one.

        Follows it from the first step of the iteration on, and at least until its end.

        ::

            async for view in mesh.watch("ports"):
                print(len(view.instances))
                break
        """
        self._home.check()
        return self._directories.views(Target(name).canonical)

    def watch_names(self) -> AsyncIterator[Mapping[str, tuple[str, ...]]]:
        """The names of all services with their tags, whenever they change; the first when the registry tells them.

        ::

            async for names in mesh.watch_names():
                print(sorted(names))
                break
        """
        self._home.check()
        return self._directories.names_changes()

    async def names(self, wanted: str = "") -> Mapping[str, tuple[str, ...]]:
        """Every service that the registry knows, with its tags; empty when it does not say so in time.

        They are followed, and may be a second old; a *wanted* one that is not among them is asked for once more.

        ::

            if "ports" in await mesh.names("ports"):
                print("it is there")
        """
        self._home.check()
        if wanted:
            return await self._directories.names_with(wanted, self.config.lookup_timeout_s)
        return await self._directories.names(self.config.lookup_timeout_s)
