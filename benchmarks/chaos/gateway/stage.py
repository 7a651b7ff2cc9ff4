"""Where these scenarios play: an agent, the services and gateways that one starts, and what is sent to them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.agents import running
from benchmarks.chaos.field import surroundings
from discovery import wire
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import Child, Choice, Command, Ended, free_ports
from launcher.plan import ROOT

_READY_S, _LEAVES_S, _POLL_S = 90.0, 15.0, 0.05

# A gateway that limits nobody, where another thing is looked at.
UNLIMITED = {"GATEWAY_RATE": "off", "GATEWAY_USER_RATE": "off", "GATEWAY_ROUTE_RATES": "off"}


class _Deaf:
    def line(self, name: str, text: str, /) -> None: ...

    def ended(self, name: str, ended: Ended, retry_in_s: float, /) -> None: ...


@dataclass(slots=True)
class Process:
    """An instance of a service, once it is ready."""

    name: str
    port: int
    child: Child
    secure: bool
    _ending: AsyncExitStack

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{self.port}"

    async def leave(self) -> None:
        """Let it end as an operator does, and wait for it."""
        await self._ending.aclose()

    async def kill(self) -> None:
        """End it at once."""
        self.child.kill()
        await self._ending.aclose()


class System:
    """Processes that know each other by an agent of their own (:meth:`Stage.system`)."""

    def __init__(self, folder: Path, consul_url: str, clock: Clock, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.consul_url = consul_url
        self._clock = clock
        self._stack = stack
        self._common = {
            "CONSUL_HTTP_ADDR": consul_url,
            "MESH_DATA": str(folder),
            "MESH_DRAIN_S": "1",
            "MESH_STOP_S": "8",
            "OTEL_SDK_DISABLED": "true",
            "PYTHONUNBUFFERED": "1",
        }

    async def start(self, name: str, module: str = "", *, root: Path = ROOT, **variables: str) -> Process:
        """Start an instance by its name, like ``ports-2``, and wait until it is ready; *root* has its code.

        Raises:
            CannotRun: when it ended, or was not ready in time; the end of its log is in the message.
        """
        port = int(variables.get("MESH_PORT", "") or free_ports(1)[0])
        log = self.folder / f"{name}.log"
        command = Command(
            name=name,
            argv=(sys.executable, "-m", module or f"services.{name.rpartition('-')[0]}"),
            environ=surroundings(**{**self._common, "MESH_INSTANCE_ID": name, **variables, "MESH_PORT": str(port)}),
            folder=root,
            log=log,
        )
        ending = await self._stack.enter_async_context(AsyncExitStack())
        child = Child(command, clock=self._clock, listener=_Deaf(), grace_s=_LEAVES_S)
        process = Process(name, port, await ending.enter_async_context(child), "MESH_TLS_CERT" in variables, ending)
        if not await self._until(f"{process.url}{wire.READY_PATH}", 200, child):
            why = f"is not ready after {_READY_S:g} s" if child.runs else "ended before it was ready"
            # It would keep the place of who is started there next.
            await process.kill()
            said = log.read_text(encoding="utf-8", errors="replace")[-800:] if log.exists() else "nothing"
            raise CannotRun(f"{name} {why}: {said}")
        return process

    async def leads(self, gateway: Process, path: str, status: int = 200) -> None:
        """Wait until the gateway answers a GET of *path* with that *status*: it has heard of the service then.

        Raises:
            CannotRun: when it does not in time.
        """
        if not await self._until(f"{gateway.url}{path}", status, gateway.child):
            raise CannotRun(f"{gateway.name} does not answer {path} by {status}")

    async def _until(self, url: str, status: int, child: Child) -> bool:
        end = self._clock.now() + _READY_S
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while self._clock.now() < end and child.runs:
                try:
                    async with session.get(url, ssl=False) as response:
                        if response.status == status:
                            return True
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await self._clock.sleep(_POLL_S)
        return False


@dataclass(slots=True, kw_only=True)
class Stage:
    """What every scenario is given."""

    choice: Choice
    clock: Clock
    seed: int
    quick: bool

    def seconds(self, full: float, quick: float) -> float:
        """How long something lasts in this run."""
        return quick if self.quick else full

    async def pause(self, full: float, quick: float) -> None:
        """Let so much time pass."""
        await self.clock.sleep(self.seconds(full, quick))

    @asynccontextmanager
    async def system(self) -> AsyncIterator[System]:
        """A system with nobody in it; all of it ends with the block."""
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-")))
            agent = await stack.enter_async_context(running(self.choice, self.clock))
            yield System(folder, agent.url, self.clock, stack)
