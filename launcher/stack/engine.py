"""The container engine, asked by its own programs: `docker`, with its plugins compose and buildx."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from discovery.clock import Clock
from launcher.plan import ROOT
from launcher.stack.command import run
from launcher.stack.failures import DockerFailed, EngineUnusable

# Seconds. A healthy engine answers a question at once; on a machine with far too much to do, at some time.
QUESTION_S = 60.0

# Engine 20.10, the oldest that has been seen to run the stack.
_API = (1, 41)
# The first whose `ps` says one container on each line; it knows `start_interval`, too.
_COMPOSE = (2, 21)

_INSTALL = "install Docker (https://docs.docker.com/engine/install), or name an engine in DOCKER_HOST"
_NOTHING: Mapping[str, str] = {}


class Engine:
    """An engine that answers. ``compose`` is how its Compose is called."""

    def __init__(self, environ: Mapping[str, str], compose: tuple[str, ...], clock: Clock) -> None:
        self._environ = environ
        self._compose = compose
        self._clock = clock

    async def docker(
        self, *words: str, environ: Mapping[str, str] = _NOTHING, folder: Path = ROOT, limit_s: float = QUESTION_S
    ) -> str:
        """Run ``docker WORDS`` and give what it answered.

        Raises:
            DockerFailed: with its last lines, or because it took longer than ``limit_s`` seconds.
        """
        return await self._run(("docker", *words), environ, folder, limit_s)

    async def compose(
        self, *words: str, environ: Mapping[str, str] = _NOTHING, folder: Path = ROOT, limit_s: float = QUESTION_S
    ) -> str:
        """Run ``docker compose WORDS`` and give what it answered.

        Raises:
            DockerFailed: with its last lines, or because it took longer than ``limit_s`` seconds.
        """
        return await self._run((*self._compose, *words), environ, folder, limit_s)

    async def _run(self, argv: tuple[str, ...], environ: Mapping[str, str], folder: Path, limit_s: float) -> str:
        return await run(argv, environ={**self._environ, **environ}, folder=folder, limit_s=limit_s, clock=self._clock)


async def find_engine(environ: Mapping[str, str], clock: Clock) -> Engine:
    """The engine that `docker` reaches with this environment (DOCKER_HOST, else its own default).

    Raises:
        EngineUnusable: when there is none, or it is too old, or a plugin is missing.
    """
    # What the user's shell says about one composition is not true of ours.
    environ = {name: value for name, value in environ.items() if not name.startswith("COMPOSE_")}
    if shutil.which("docker", path=environ.get("PATH", "")) is None:
        raise EngineUnusable(f"there is no `docker` program: {_INSTALL}")
    asked = Engine(environ, ("docker", "compose"), clock)
    try:
        api = await asked.docker("version", "--format", "{{.Server.APIVersion}}")
    except DockerFailed as exc:
        where = environ.get("DOCKER_HOST", "its default place")
        raise EngineUnusable(f"no container engine answers at {where}: start it, or {_INSTALL}\n{exc}") from None
    if _numbers(api) < _API:
        raise EngineUnusable(f"the container engine is too old (API {api.strip()}, not 1.41): {_INSTALL}")
    try:
        await asked.docker("buildx", "version")
    except DockerFailed:
        raise EngineUnusable(f"docker has no plugin buildx, which builds the images: {_INSTALL}") from None
    return await _with_compose(environ, clock)


async def _with_compose(environ: Mapping[str, str], clock: Clock) -> Engine:
    """The engine with a Compose: docker's plugin, else a program of its own, on the path or beside our Python."""
    alone = shutil.which("docker-compose", path=f"{environ.get('PATH', '')}:{Path(sys.executable).parent}")
    too_old = []
    for way in (("docker", "compose"), *([(alone,)] if alone else [])):
        engine = Engine(environ, way, clock)
        try:
            version = await engine.compose("version", "--short")
        except DockerFailed:
            continue
        if _numbers(version) >= _COMPOSE:
            return engine
        too_old.append(version.strip())
    reason = f"Compose is too old ({', '.join(too_old)}, not 2.21)" if too_old else "docker has no plugin compose"
    raise EngineUnusable(f"{reason}: {_INSTALL}")


def _numbers(version: str) -> tuple[int, ...]:
    """``(2, 26)`` of ``v2.26.1-4``; ``()``, which is older than all, of what is no version."""
    return tuple(map(int, match.groups())) if (match := re.search(r"(\d+)\.(\d+)", version)) else ()
