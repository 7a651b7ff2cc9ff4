"""The others that a call is compared with: libraries in an environment of their own, and sidecars."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.agents import version_of
from benchmarks.calls import sidecars
from benchmarks.calls.doors import ALL_TRACED, NONE_TRACED, Door, Others
from benchmarks.calls.environment import Environment
from benchmarks.calls.sidecars import Hop
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import Choice, find_program

# The module that each of these clients needs.
_NEEDS = {
    "official": "opentelemetry.instrumentation.aiohttp_client",
    "aiohttp-retry": "aiohttp_retry",
    "httpx": "httpx",
}
_LIBRARIES: Mapping[str, Door] = {
    "official": Door("the official instrumentation, 100 % traced", "official", environ=ALL_TRACED),
    "official-unsampled": Door("the official instrumentation, 0 % traced", "official", environ=NONE_TRACED),
    "aiohttp-retry": Door("aiohttp-retry", "aiohttp-retry"),
    "httpx": Door("httpx", "httpx"),
}
_HOPS: Mapping[str, Door] = {
    "haproxy": Door("HAProxy as a sidecar, one hop", "plain"),
    "envoy": Door("Envoy as a sidecar, one hop", "plain"),
    "pair": Door("Consul's pair of Envoys, mutual TLS", "plain"),
}

Hops = Mapping[str, Callable[[], AbstractAsyncContextManager[Hop]]]


def rivals(environment: Environment, clock: Clock, absent: list[str]) -> Others:
    """All of them that are there. Of the others *absent* is told."""

    @asynccontextmanager
    async def opened(upstream: str) -> AsyncIterator[Mapping[str, Door]]:
        found = {
            name: replace(door, program=environment.python)
            for name, door in _LIBRARIES.items()
            if environment.has(_NEEDS[door.client])
        }
        with TemporaryDirectory() as folder:
            async with AsyncExitStack() as stack:
                for name, hop in _hops(environment, upstream, Path(folder), clock).items():
                    try:
                        way = await stack.enter_async_context(hop())
                    except CannotRun as error:
                        absent.append(f"{name}: {error}")
                    else:
                        found[name] = replace(_HOPS[name], address=way.address, sidecars=way.pids)
                absent.extend(f"{name} is not there" for name in {**_LIBRARIES, **_HOPS} if name not in found)
                yield found

    return opened


def versions(environment: Environment) -> Mapping[str, str]:
    """What is compared with, as far as it is there."""
    found = dict(environment.versions)
    if haproxy := shutil.which("haproxy"):
        said = subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=False).stdout  # noqa: S603
        found["haproxy"] = said.removeprefix("HAProxy version ").partition(" ")[0]
    if consul := find_program(os.environ):
        found["consul"] = version_of(Choice(program=consul))
    return found


def _hops(environment: Environment, upstream: str, folder: Path, clock: Clock) -> Hops:
    envoy, consul, haproxy = environment.program("envoy"), find_program(os.environ), shutil.which("haproxy")
    hops: dict[str, Callable[[], AbstractAsyncContextManager[Hop]]] = {}
    if haproxy:
        hops["haproxy"] = lambda: sidecars.haproxy(haproxy, upstream, folder, clock)
    if envoy:
        hops["envoy"] = lambda: sidecars.envoy(envoy, upstream, folder, clock)
        if consul:
            hops["pair"] = lambda: sidecars.pair(str(consul), envoy, upstream, clock)
    return hops
