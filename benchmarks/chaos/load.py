"""A steady load in a process of its own, open loop: each call is sent when it is due, whatever became of those before.

It begins when its mesh sees all instances, and ends when its phases are over or it gets SIGTERM; then it waits for the
calls under way and writes all of them down.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from random import Random

import aiohttp

import discovery
from benchmarks.chaos.record import GET, POST, Called, Tried
from discovery import wire
from discovery.clock import SystemClock

BEGUN = "begun"
# What a POST carries.
_BODY = b"x" * 200

# How often a sidecar is asked whether it knows everybody by now.
_POLL_S = 0.1

# Makes one call; returns the answer, whose body is still to be read.
Send = Callable[[str, str], Awaitable[aiohttp.ClientResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent: so many calls a second for so many seconds (``None``: until told to end), phase by phase.

    Each ``post_every``-th call is a POST (0: none is). With ``url`` the calls go there by a plain session, as through
    a sidecar. ``timeout_s`` is the limit of a call; 0 leaves it to the library, which has 15 s.
    """

    service: str
    prefix: str
    folder: str
    phases: tuple[tuple[float, float | None], ...]
    instances: int = 3
    post_every: int = 4
    timeout_s: float = 0.0
    url: str = ""
    seed: int = 0

    @property
    def out(self) -> Path:
        """Where the calls are written down."""
        return Path(self.folder, f"{self.prefix}calls")

    def argv(self) -> tuple[str, ...]:
        """How it is started."""
        return sys.executable, "-m", "benchmarks.chaos.load", json.dumps(asdict(self))


@asynccontextmanager
async def _by_mesh(load: Load) -> AsyncIterator[Send]:
    config = discovery.MeshConfig.from_env("chaos-load")
    around = discovery.Surroundings(rng=Random(f"load {load.seed}"))
    options: discovery.CallOptions = {"timeout": load.timeout_s} if load.timeout_s else {}

    async with discovery.Mesh(config, around=around) as mesh:

        async def send(method: str, id_: str) -> aiohttp.ClientResponse:
            asked: discovery.CallOptions = {**options, "data": _BODY} if method == POST else options
            return await mesh.request(method, f"http://{load.service}/job/{id_}", **asked)

        async for view in mesh.watch(load.service):
            if sum(each.health is discovery.Health.PASSING for each in view.instances) >= load.instances:
                break
        yield send


@asynccontextmanager
async def _by_url(load: Load) -> AsyncIterator[Send]:
    clock = SystemClock()
    timeout = aiohttp.ClientTimeout(total=load.timeout_s or 15.0)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def send(method: str, id_: str) -> aiohttp.ClientResponse:
            return await session.request(method, f"{load.url}/job/{id_}", data=_BODY if method == POST else None)

        seen: set[str] = set()
        while len(seen) < load.instances:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with await send(GET, f"warm-{load.prefix}") as response:
                    seen |= {response.headers[wire.INSTANCE]} if response.ok else set()
            await clock.sleep(_POLL_S)
        yield send


async def drive(load: Load) -> list[Called]:
    """Send all of it; returns what became of every call, in the order of their ends."""
    clock, over, done = SystemClock(), asyncio.Event(), list[Called]()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)

    async def one(method: str, id_: str, due_at: float) -> None:
        status, error = 0, ""
        attempts: tuple[discovery.Attempt, ...] = ()
        try:
            async with await send(method, id_) as response:
                status = response.status
                try:
                    await response.read()
                finally:
                    # The record of the last attempt is whole when its body is over, or broke off.
                    attempts = discovery.attempts(response)
        except discovery.CallError as failure:
            error, attempts = str(failure), failure.attempts
        except (aiohttp.ClientError, TimeoutError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        tried = tuple(Tried(each.instance.id, each.outcome.value, each.status) for each in attempts)
        done.append(
            Called(id=id_, method=method, due_at=due_at, ended_at=clock.now(), status=status, error=error, tried=tried)
        )

    async with (_by_url if load.url else _by_mesh)(load) as send, asyncio.TaskGroup() as group:
        print(BEGUN, flush=True)  # noqa: T201 - whoever started us waits for it
        number, begin = 0, clock.now()
        for rate, seconds in load.phases:
            first, end = number, begin + (inf if seconds is None else seconds)
            while (due_at := begin + (number - first) / rate) < end and not over.is_set():
                if (early := due_at - clock.now()) > 0:
                    await clock.sleep(early)
                method = POST if load.post_every and number % load.post_every == 0 else GET
                group.create_task(one(method, f"{load.prefix}{number}", due_at))
                number += 1
            begin = end
    return done


def main() -> None:
    """Read the plan from the command line, and write down what became of it."""
    load = Load(**json.loads(sys.argv[1]))
    calls = asyncio.run(drive(load))
    load.out.write_text("".join(f"{call.line()}\n" for call in calls), encoding="utf-8")


if __name__ == "__main__":
    main()
