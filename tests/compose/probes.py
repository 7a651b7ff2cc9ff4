"""What tests of the stack ask with: containers of their own beside it, and plain requests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from launcher.plan import SYSTEM
from launcher.stack.engine import Engine
from launcher.stack.stack import Stack
from tests.observability.surroundings.programs import comes

# What a service says to whoever asks it through the gateway.
LAPTOP = "/api/laptops/1"
# For a container to end when it is asked to: what compose.yaml gives it.
GRACE_S = 25
# In a container of ours, where there is no curl: what answers at addresses, or why nothing does.
_FETCH = """
import concurrent.futures, json, sys, urllib.error, urllib.request

def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.status)
    except (OSError, ValueError) as error:
        return f"nothing: {error}"

with concurrent.futures.ThreadPoolExecutor(32) as threads:
    print(json.dumps(dict(zip(sys.argv[1:], threads.map(fetch, sys.argv[1:])))))
"""


@asynccontextmanager
async def container(
    engine: Engine, family: str, image: str, *words: str, options: tuple[str, ...] = ()
) -> AsyncIterator[str]:
    """Run an image for the length of the block; the answer is the container's id.

    Its label makes it one of the family, which is cleared away even if this process is killed.
    """
    label = f"com.docker.compose.project={family}-probe"
    said = await engine.docker("run", "--detach", "--label", label, *options, image, *words)
    name = said.strip()
    try:
        yield name
    finally:
        await engine.docker("rm", "--force", "--volumes", name)


async def inspect(engine: Engine, name: str) -> Mapping[str, Any]:
    """All that the engine knows of a container, image or network."""
    (found,) = json.loads(await engine.docker("inspect", name))
    assert isinstance(found, dict)
    return found


async def address_of(engine: Engine, name: str) -> str:
    """The address of a container on the one network that it is on."""
    (network,) = (await inspect(engine, name))["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


async def statuses_in(engine: Engine, name: str, *urls: str) -> dict[str, str]:
    """What a container of ours finds at each of them: a status, or ``nothing: `` and why."""
    found: dict[str, str] = json.loads(await engine.docker("exec", name, "python", "-c", _FETCH, *urls))
    return found


async def read(session: aiohttp.ClientSession, url: str, **query: str) -> Any:
    """The JSON at *url*, whatever the status; ``None`` while nobody answers in JSON."""
    with suppress(aiohttp.ClientError):
        async with session.get(url, params=query) as response:
            if "json" in response.headers.get("Content-Type", ""):
                return await response.json()
    return None


async def status(session: aiohttp.ClientSession, url: str) -> int:
    """The status at *url*; 0 while nobody answers: who asks for a port in vain is disconnected by the engine."""
    with suppress(aiohttp.ClientError):
        async with session.get(url) as response:
            return response.status
    return 0


async def registered(stack: Stack, session: aiohttp.ClientSession, service: str) -> dict[str, Any]:
    """The passing instances of a service, by their ids, as Consul tells them."""
    url = await stack.url("consul-server", 8500)
    found = await read(session, f"{url}/v1/health/service/{service}", passing="1")
    return {entry["Service"]["ID"]: entry["Service"] for entry in found or ()}


async def all_registered(stack: Stack, session: aiohttp.ClientSession, service: str) -> dict[str, Any]:
    """The same, once there are as many as there should be: of those restarted by an earlier test, some may yet come."""
    return await comes(lambda: registered(stack, session, service), lambda known: len(known) == SYSTEM[service])


async def started(stack: Stack) -> dict[str, str]:
    """Which container there is by each name, and since when it runs: another line means that it was made anew."""
    names = [each.name for each in await stack.containers()]
    said = await stack.engine.docker("inspect", "--format", "{{.Name}} {{.Id}} {{.State.StartedAt}}", *names)
    return dict(line.split(" ", 1) for line in said.splitlines())
