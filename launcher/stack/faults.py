"""What may happen to a container while the system is in use; who notices; and when all is well again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import aiohttp

from discovery.clock import Clock
from discovery.errors import MeshError
from launcher.load import Tally
from launcher.plan import SYSTEM
from launcher.stack.container import Container
from launcher.stack.failures import DockerFailed
from launcher.stack.stack import Stack
from launcher.stack.traffic import Read, Traffic

# A fault is there for the length of a block, and is healed after it.
Fault = Callable[[Stack, Container], AbstractAsyncContextManager[None]]

# Users are there before the fault, and connections with them.
_BEFORE_S = 2.0
# Long enough for a balancer that spares one for a while to ask it all the same.
_WATCH_S = 1.0
_WHOLE_S = 120.0
# A restarted agent takes everybody for sick until it has asked them; that may come after all seemed to be well.
_CALM_S = 2.0
_POLL_S = 0.3
_REQUEST = aiohttp.ClientTimeout(total=3)
# The port of those that users' requests go to.
_ASKED = {"gateway": 8080, "laptops": 5000, "ports": 5001}
# What each counts itself; requests about its health are left out there.
_COUNT = """
import sys, urllib.request
for url in sys.argv[1:]:
    with urllib.request.urlopen(url, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    counts = [line for line in lines if line.startswith("http_server_request_duration_seconds_count")]
    print(sum(float(line.rpartition(" ")[2]) for line in counts))
"""


class Unmet(MeshError):
    """What a trial needs did not come about; the sentence says what."""


def killed(stack: Stack, victim: Container) -> AbstractAsyncContextManager[None]:
    """It dies with requests in it."""
    return _between(partial(stack.kill, victim), partial(stack.start, victim))


def stopped(stack: Stack, victim: Container) -> AbstractAsyncContextManager[None]:
    """It is asked to end, and ends politely."""
    return _between(partial(stack.stop, victim), partial(stack.start, victim))


def paused(stack: Stack, victim: Container) -> AbstractAsyncContextManager[None]:
    """It freezes: its connections are open, and nobody answers."""
    return _between(partial(stack.pause, victim), partial(stack.unpause, victim))


def disconnected(stack: Stack, victim: Container) -> AbstractAsyncContextManager[None]:
    """Its cable is pulled: what is sent to it, or by it, is lost without a word.

    It keeps its address when nobody has taken that meanwhile: the engine gives the lowest one that is free.
    """
    return _between(partial(stack.disconnect, victim), partial(stack.connect, victim))


@asynccontextmanager
async def _between(strike: Callable[[], Awaitable[None]], heal: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Heal whatever happens in the block; a strike that failed may have struck all the same."""
    try:
        await strike()
    except BaseException:
        # What was not struck cannot be healed, and why it was not is what somebody wants to know.
        with suppress(DockerFailed):
            await heal()
        raise
    try:
        yield
    finally:
        await heal()


@dataclass(frozen=True, slots=True)
class Toll:
    """What a fault cost users: while it ``held``, and ``in_all``, from the strike until the system was whole again.

    Apart, because few slow requests of a short fault would vanish among the many good ones after it.
    """

    held: Tally
    in_all: Tally


async def endure(
    stack: Stack,
    fault: Fault,
    choose: Callable[[], Awaitable[Container]],
    *,
    read: Read,
    rate: float,
    hold_s: float,
    clock: Clock,
    token: str = "",
) -> Toll:
    """Do it to one whom *choose* finds, and hold it for so long, while users *read* so many times a second.

    Requests are told apart by whole seconds: the one of the strike is the fault's, the one of the healing no more.

    Raises:
        Unmet: when the fault would have met nobody, or the system did not become whole again.
    """
    async with Traffic(await stack.url("gateway", _ASKED["gateway"]), read, rate, clock) as traffic:
        await clock.sleep(_BEFORE_S)
        victim = await choose()
        strike = traffic.second
        async with fault(stack, victim):
            await clock.sleep(hold_s)
            healing = traffic.second
        await whole(stack, clock, token)
    return Toll(held=traffic.tally(strike, healing), in_all=traffic.tally(strike))


async def busiest(stack: Stack, service: str, clock: Clock) -> Container:
    """The instance of *service* that is asked most now.

    Raises:
        Unmet: when none is.
    """
    instances = await stack.containers(service)
    before = await _answered(stack, instances)
    await clock.sleep(_WATCH_S)
    after = await _answered(stack, instances)
    most, victim = max((now - then, number) for number, (then, now) in enumerate(zip(before, after, strict=True)))
    if not most:
        raise Unmet(f"no instance of {service} is asked")
    return instances[victim]


async def whole(stack: Stack, clock: Clock, token: str = "") -> None:
    """Wait until all containers are well and Consul takes every instance for healthy, and for that to last.

    Raises:
        Unmet: when it takes too long; it says what was still missing.
    """
    missing, since = "", clock.now()
    deadline = since + _WHOLE_S
    while clock.now() - since < _CALM_S:
        if missing := await _missing(stack, token):
            since = clock.now()
        if since > deadline:
            raise Unmet(f"{stack.project} is not whole after {_WHOLE_S:.0f} s: {missing}")
        await clock.sleep(_POLL_S)


async def _missing(stack: Stack, token: str) -> str:
    containers = await stack.containers()
    if unwell := [str(container) for container in containers if not container.well]:
        return ", ".join(unwell)
    wanted = Counter(each.service for each in containers if each.service in SYSTEM and each.service != "console")
    try:
        passing = await _passing(await stack.url("consul-server", 8500), token)
    except (aiohttp.ClientError, TimeoutError) as exc:
        return f"Consul: {exc!r}"
    return ", ".join(f"{count} of {name} in Consul" for name, count in (wanted - passing).items())


async def _passing(consul: str, token: str) -> Counter[str]:
    """How many instances of each service are healthy; each has one check."""
    headers: Mapping[str, str] = {"X-Consul-Token": token} if token else {}
    async with (
        aiohttp.ClientSession(consul, headers=headers, timeout=_REQUEST, raise_for_status=True) as session,
        session.get("/v1/health/state/passing") as response,
    ):
        return Counter(check["ServiceName"] for check in await response.json())


async def _answered(stack: Stack, instances: Sequence[Container]) -> list[float]:
    """How many requests each has answered. One of them asks all: each program that is started costs users time."""
    urls = [f"http://{each.name}:{_ASKED[each.service]}/metrics" for each in instances]
    said = await stack.engine.docker("exec", instances[0].name, "python", "-c", _COUNT, *urls)
    return [float(line) for line in said.splitlines()]
