"""What another command may break in a running system, and what is mended at its end whoever broke it."""

from __future__ import annotations

from discovery.errors import MeshError, RegistryError
from launcher.local.agent import Agent
from launcher.local.processes import CONSUL, Processes
from launcher.local.relay import Relay, no_broker
from launcher.local.supervisor import Supervisor


class NotBroken(MeshError):
    """It could not be broken, or not be mended; the sentence says why."""


class Breakage:
    """Live settings, the Consul of our own, which may be away for a while, and the way to a broker, which may be cut.

    A Consul that is not ours is asked to keep a setting like anybody's, and never ended. A broker never is.
    """

    def __init__(self, agent: Agent, consul: Supervisor, processes: Processes, relay: Relay | None) -> None:
        self._agent = agent
        self._consul = consul
        self._processes = processes
        self._relay = relay
        self._keys: set[str] = set()

    async def set(self, key: str, value: str | None) -> None:
        """Have a key of the key-value store be *value*; None: have it go.

        Raises:
            NotBroken: when Consul does not do it.
        """
        try:
            if value is None:
                await self._agent.delete(key)
                self._keys.discard(key)
            else:
                self._keys.add(key)
                await self._agent.put(key, value)
        except (RegistryError, TimeoutError) as error:
            raise NotBroken(f"{key}: {str(error) or 'Consul did not answer in time'}") from None

    async def stop_consul(self) -> None:
        """End our Consul, and do not start it again.

        Raises:
            NotBroken: when it is not ours.
        """
        if not self._processes.choice.ours:
            raise NotBroken(
                f"the Consul at {self._agent.url} is not this system's own, so it is not ended: "
                "start a system that has its own (mesh up --consul embedded)"
            )
        if self._consul.keeps(CONSUL):
            await self._consul.stop(CONSUL)

    def start_consul(self) -> None:
        """Let our Consul be there again, if it is not; it has forgotten everything."""
        if self._processes.choice.ours and not self._consul.keeps(CONSUL):
            self._consul.start(self._processes.consul())

    @property
    def no_broker(self) -> str:
        """Why there is no broker that could be away; ``""`` where there is one."""
        return "" if self._relay else no_broker(self._processes.environ.get("BROKER_URL", ""))

    def cut_broker(self) -> None:
        """Let no service of this system reach the broker.

        Raises:
            NotBroken: when there is none, or the way to it does not lead through us.
        """
        if self._relay is None:
            raise NotBroken(self.no_broker)
        self._relay.cut()

    def join_broker(self) -> None:
        """Let the broker be reached again, if there is one."""
        if self._relay is not None:
            self._relay.mend()

    async def forget(self) -> None:
        """Take out of a Consul that stays what was set here."""
        for key in tuple(self._keys):
            await self._agent.delete(key)
