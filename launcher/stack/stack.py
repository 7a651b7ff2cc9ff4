"""The sample system in containers, as compose.yaml describes it, for the length of a block."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from launcher.plan import ROOT
from launcher.stack.container import Container, containers_in
from launcher.stack.engine import QUESTION_S, Engine
from launcher.stack.failures import DockerFailed
from launcher.stack.images import images_in
from launcher.stack.leftovers import clear

# Several stacks on one machine: each takes ports that are free.
_ANY_PORT = {f"{name}_PORT": "" for name in ("GATEWAY", "CONSOLE", "CONSUL", "JAEGER", "PROMETHEUS", "GRAFANA")}
# Seconds. The first build fetches the packages of all services.
_BUILD_S = 900.0
_UP_S = 240.0
# Compose waits 10 s for each container by itself; what is thrown away need not finish anything.
_STOP_S = 2
_DOWN_S = 120.0
# Longer than any grace in compose.yaml.
_LEAVE_S = 60.0
# How much each container that is not well may say about it.
_LINES = 12

_NOTHING: Mapping[str, str] = {}
_AS_IN_THE_FILE: Mapping[str, int] = {}


def new_project(rng: Random) -> str:
    """A name that no other stack on this engine has."""
    return f"proconsul-{rng.getrandbits(40):010x}"


class Stack:
    """One project of Compose. Leaving the block takes it down with its networks and volumes, however it is left.

    ``env_files`` are Compose's (the cluster has one of its own), ``variables`` win over them. ``tell`` hears in a
    sentence what is going on. All methods raise :class:`DockerFailed`.
    """

    def __init__(
        self,
        engine: Engine,
        project: str,
        *,
        tell: Callable[[str], None],
        root: Path = ROOT,
        env_files: Sequence[str] = (".env",),
        profiles: Sequence[str] = (),
        variables: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.engine = engine
        self.project = project
        self._tell = tell
        self._root = root
        self._environ = {**_ANY_PORT, **variables}
        self._files = tuple(word for name in env_files for word in ("--env-file", name))
        self._scale: dict[str, int] = {}
        self._profiles = tuple(word for name in profiles for word in ("--profile", name))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    async def images(self) -> list[str]:
        """The images that it takes from elsewhere."""
        return images_in(json.loads(await self._compose("config", "--format", "json")))

    async def build(self) -> None:
        """Build the images of all services, or what has changed of them.

        By BuildKit's own program: ``docker compose build`` asks for one that is newer than what many engines bring.
        """
        self._tell("building the services' images; the first time takes a minute or two")
        words = ("buildx", "bake", "--file", "compose.yaml", "--load", "--progress", "plain")
        await self.engine.docker(*words, environ=self._environ, folder=self._root, limit_s=_BUILD_S)

    async def up(self, *services: str, scale: Mapping[str, int] = _AS_IN_THE_FILE, limit_s: float = _UP_S) -> None:
        """Start these services, or all, and wait until they are healthy; what runs already is left alone.

        *scale* holds from now on for the services it names. A service that is not well says why in the error.
        """
        self._scale.update(scale)
        counts = [word for name, count in self._scale.items() for word in ("--scale", f"{name}={count}")]
        self._tell(f"starting {', '.join(services) or 'all containers'} of {self.project}")
        words = ("up", "--detach", "--no-build", "--wait", "--wait-timeout", f"{limit_s:.0f}", *counts, *services)
        try:
            await self._compose(*words, limit_s=limit_s + QUESTION_S)
        except DockerFailed as exc:
            raise DockerFailed(exc.argv, exc.how, (*exc.said, *await self._complaints())) from None

    async def down(self) -> None:
        """Remove its containers, networks and volumes; what Compose leaves, too, since the next test begins anew."""
        self._tell(f"removing {self.project}")
        words = ("down", "--volumes", "--remove-orphans", "--timeout", str(_STOP_S))
        try:
            await self._compose(*words, limit_s=_DOWN_S)
        finally:
            await clear(self.engine, self.project)

    async def run(self, service: str) -> str:
        """Run a service that ends by itself, and give what it wrote to stdout."""
        return await self._compose("run", "--rm", "--no-TTY", service)

    async def containers(self, service: str = "") -> list[Container]:
        """Those of one service, or all, whatever state they are in."""
        said = await self._compose("ps", "--all", "--no-trunc", "--format", "json", *([service] if service else []))
        return containers_in(said)

    async def url(self, service: str, private: int) -> str:
        """Where a port of a service is reached from here. It moves when its container is started again."""
        said = await self._compose("port", service, str(private))
        return f"http://{said.strip()}"

    async def exec(self, service: str, *argv: str) -> str:
        """Run a program in the first container of a service and give what it wrote to stdout."""
        return await self._compose("exec", "-T", service, *argv)

    async def logs(self, *services: str, lines: int | None = None) -> str:
        """What these services, or all, have written, each line with the container's name."""
        tail = "all" if lines is None else str(lines)
        return await self._compose("logs", "--no-color", "--tail", tail, *services)

    async def kill(self, container: Container) -> None:
        """End it at once; nobody restarts what was ended so, until :meth:`start` or :meth:`up`."""
        await self.engine.docker("kill", container.name)

    async def stop(self, container: Container) -> None:
        """Ask it to end; it has the time that compose.yaml gives it."""
        await self.engine.docker("stop", container.name, limit_s=_LEAVE_S)

    async def start(self, container: Container) -> None:
        """Start one that ended; it is not waited for."""
        await self.engine.docker("start", container.name)

    async def pause(self, container: Container) -> None:
        """Freeze it: connections open, and nobody answers."""
        await self.engine.docker("pause", container.name)

    async def unpause(self, container: Container) -> None:
        """Let it go on."""
        await self.engine.docker("unpause", container.name)

    async def disconnect(self, container: Container, network: str = "microservices") -> None:
        """Take it off a network, as a cable that is pulled: whoever spoke with it hears nothing more."""
        await self.engine.docker("network", "disconnect", f"{self.project}_{network}", container.name)

    async def connect(self, container: Container, network: str = "microservices") -> None:
        """Put it back, under the name of its service; its address may be another."""
        words = ("network", "connect", "--alias", container.service, f"{self.project}_{network}", container.name)
        await self.engine.docker(*words)

    async def _complaints(self) -> list[str]:
        """Who is not well, and what each said last."""
        unwell = [container for container in await self.containers() if not container.well]
        services = sorted({container.service for container in unwell})
        log = await self.logs(*services, lines=_LINES) if services else ""
        return [*map(str, unwell), *log.splitlines()]

    async def _compose(self, *words: str, limit_s: float = QUESTION_S) -> str:
        named = ("--project-name", self.project, "--project-directory", str(self._root))
        return await self.engine.compose(
            *named, *self._files, *self._profiles, *words, environ=self._environ, folder=self._root, limit_s=limit_s
        )
