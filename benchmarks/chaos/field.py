"""The processes that a scenario plays on: a Consul, peers that can be killed and told to misbehave, and loads."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.chaos.behaviour import WELL, Behaviour
from benchmarks.chaos.load import BEGUN, Load
from benchmarks.chaos.peer import READY, Plan
from benchmarks.chaos.process import started
from benchmarks.chaos.record import Arrived, Called, Kill, read_arrivals, read_calls
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import Agent, Child, Choice, agent_command, free_ports

# Longer than any call may last, with what a busy machine adds.
_LAST_CALLS_S = 60.0
LOOPBACK = "127.0.0.1"
_NOT_OURS = ("MESH_", "CONSUL_", "OTEL_")


def surroundings(**variables: str) -> Mapping[str, str]:
    """The environment of a process: nothing of the shell's about meshes, and these *variables*."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)} | variables


class Peer:
    """One peer: started, killed, started again at the same place, told how to behave."""

    def __init__(self, plan: Plan, environ: Mapping[str, str], clock: Clock, prefix: tuple[str, ...] = ()) -> None:
        self.plan = plan
        self._environ = environ
        self._clock = clock
        self._prefix = prefix
        self._stack = AsyncExitStack()
        self._child: Child | None = None

    @property
    def name(self) -> str:
        """Its instance id."""
        return self.plan.instance

    async def start(self) -> None:
        """Start it, unless it runs; it takes requests then."""
        if self._child is None:
            folder = Path(self.plan.folder)
            argv = (*self._prefix, *self.plan.argv())
            entering = started(self.name, argv, self._environ, folder, READY, self._clock)
            self._child = await self._stack.enter_async_context(entering)

    async def kill(self) -> Kill:
        """Kill it with SIGKILL; returns when that was."""
        at = self._clock.now()
        if (child := self._child) is not None:
            self._child = None
            child.kill()
            await child.ended()
        gone_at = self._clock.now()
        await self._stack.aclose()
        return Kill(at, gone_at)

    async def behave(self, behaviour: Behaviour) -> float:
        """Tell it how to treat requests from now on; returns the moment."""
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.plan.control))) as session,
            session.put("http://peer/behaviour", data=behaviour.line(), raise_for_status=True),
        ):
            return self._clock.now()


@dataclass(slots=True)
class Run:
    """A load under way."""

    load: Load
    child: Child
    clock: Clock

    async def stop(self) -> list[Called]:
        """Send nothing more, wait for what is under way, and return all calls."""
        os.kill(self.child.pid, signal.SIGTERM)
        return await self.over()

    async def over(self) -> list[Called]:
        """Wait until all of it was sent and answered, and return all calls."""
        limit_s = _LAST_CALLS_S + sum(seconds or 0 for _, seconds in self.load.phases)
        try:
            async with self.clock.timeout(limit_s):
                ended = await self.child.ended()
        except TimeoutError:
            raise CannotRun(f"the load is not over after {limit_s:g} s") from None
        if ended.code:
            raise CannotRun(f"the load ended with {ended}")
        return read_calls(self.load.out.read_text(encoding="utf-8"))


class Field:
    """All of them, for the length of a block (:func:`field`). ``variables`` are what every process finds set."""

    def __init__(self, folder: Path, consul: Child | None, variables: Mapping[str, str], clock: Clock) -> None:
        self.folder = folder
        self.peers: list[Peer] = []
        self._consul = consul
        self._variables = variables
        self._clock = clock

    async def add(self, plan: Plan, prefix: tuple[str, ...] = (), **variables: str) -> Peer:
        """Start a peer; *prefix* is what its command is run by."""
        port = {} if "MESH_PORT" in variables else {"MESH_PORT": str(free_ports(1)[0])}
        environ = surroundings(**{**self._variables, "MESH_INSTANCE_ID": plan.instance, **port, **variables})
        peer = Peer(plan, environ, self._clock, prefix)
        self.peers.append(peer)
        await peer.start()
        return peer

    async def whole(self) -> None:
        """Bring back who was killed, and let everybody behave."""
        for peer in self.peers:
            await peer.start()
            await peer.behave(WELL)

    @asynccontextmanager
    async def sending(self, load: Load, prefix: tuple[str, ...] = ()) -> AsyncIterator[Run]:
        """A load that has begun; it is ended with the block."""
        argv, environ = (*prefix, *load.argv()), surroundings(**self._variables)
        async with started(f"{load.prefix}load", argv, environ, self.folder, BEGUN, self._clock) as child:
            yield Run(load, child, self._clock)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Consul stands still while the block lasts, its checks too.

        Raises:
            CannotRun: when it is not ours.
        """
        if self._consul is None:
            raise CannotRun("a Consul that others use is not frozen")
        os.kill(self._consul.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._consul.pid, signal.SIGCONT)

    def arrivals(self, prefix: str = "") -> list[Arrived]:
        """What reached the peers, of the calls whose id begins so."""
        texts = (peer.plan.ledger.read_text(encoding="utf-8") for peer in self.peers if peer.plan.ledger.exists())
        return read_arrivals(texts, prefix)


@asynccontextmanager
async def field(
    choice: Choice, folder: Path, clock: Clock, prefix: tuple[str, ...] = (), host: str = LOOPBACK
) -> AsyncIterator[Field]:
    """A field without peers; what is added to it is ended with the block, and forgotten by a Consul of others.

    *prefix* is what a Consul of ours is run by, and *host* where the embedded agent listens.
    """
    async with AsyncExitStack() as stack:
        consul, url = None, choice.url
        if choice.ours:
            ports = free_ports(4)
            argv, url = (*prefix, *agent_command(choice, ports)), f"http://{host}:{ports[0]}"
            if choice.embedded:
                argv = (*argv, "--host", host)
            word = url if choice.embedded else "New leader elected"
            consul = await stack.enter_async_context(started("consul", argv, surroundings(), folder, word, clock))
        variables = {"CONSUL_HTTP_ADDR": url, "MESH_DRAIN_S": "0"}
        if not choice.ours:
            variables |= {name: value for name, value in os.environ.items() if name.startswith("CONSUL_")}
            variables["CONSUL_HTTP_ADDR"] = url
        playing = Field(folder, consul, variables, clock)
        try:
            yield playing
        finally:
            await _ended(playing.peers)
            if choice.config:
                await _forgotten(Agent(choice.config), playing.peers)


async def _ended(peers: Sequence[Peer]) -> None:
    for peer in peers:
        await peer.kill()


async def _forgotten(agent: Agent, peers: Iterable[Peer]) -> None:
    async with agent:
        for instance in (await agent.instances()).keys() & {peer.name for peer in peers}:
            await agent.deregister(instance)
