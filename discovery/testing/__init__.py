"""Stand-ins for tests: an agent that misbehaves, services, stubs, a clock, an observer. Recipes: ``docs/testing.md``.

With pytest they come as fixtures (``pip install 'proconsul[testing]'``), and these are their types::

    async def test_it(mesh: discovery.Mesh, mesh_service: ServiceFactory) -> None: ...

=================== ==========================
fixture             type
=================== ==========================
``mesh_agent``      :class:`MeshAgent`
``mesh_config``     :class:`discovery.MeshConfig`
``mesh``            :class:`discovery.Mesh`
``mesh_service``    :class:`ServiceFactory`, which makes a :class:`MeshService`
``mesh_client``     :class:`ClientFactory`, which makes aiohttp's ``TestClient``
``mesh_stub``       :class:`MeshStub`
``mesh_clock``      :class:`FakeClock`
``mesh_observer``   :class:`RecordingObserver`
=================== ==========================

The rest needs no pytest: a registry in memory that fails on command, peers, and servers that misbehave below HTTP.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from discovery.devagent.faults import Fault
    from discovery.testing.agent import MeshAgent, agent_before, agent_in_memory
    from discovery.testing.answers import Stub
    from discovery.testing.client import ClientFactory
    from discovery.testing.clock import FakeClock
    from discovery.testing.observer import RecordedCall, RecordedRequest, RecordingObserver
    from discovery.testing.received import Received
    from discovery.testing.registry import FakeRegistry
    from discovery.testing.servers import Misbehaving, Wire, misbehaving, refusing
    from discovery.testing.service import MeshService, ServiceFactory, seen
    from discovery.testing.stub import MeshStub

__all__ = [
    "ClientFactory",
    "FakeClock",
    "FakeRegistry",
    "Fault",
    "MeshAgent",
    "MeshService",
    "MeshStub",
    "Misbehaving",
    "Received",
    "RecordedCall",
    "RecordedRequest",
    "RecordingObserver",
    "ServiceFactory",
    "Stub",
    "Wire",
    "agent_before",
    "agent_in_memory",
    "misbehaving",
    "refusing",
    "seen",
]

_HOME = {
    "ClientFactory": "discovery.testing.client",
    "FakeClock": "discovery.testing.clock",
    "FakeRegistry": "discovery.testing.registry",
    "Fault": "discovery.devagent.faults",
    "MeshAgent": "discovery.testing.agent",
    "MeshService": "discovery.testing.service",
    "MeshStub": "discovery.testing.stub",
    "Misbehaving": "discovery.testing.servers",
    "Received": "discovery.testing.received",
    "RecordedCall": "discovery.testing.observer",
    "RecordedRequest": "discovery.testing.observer",
    "RecordingObserver": "discovery.testing.observer",
    "ServiceFactory": "discovery.testing.service",
    "Stub": "discovery.testing.answers",
    "Wire": "discovery.testing.servers",
    "agent_before": "discovery.testing.agent",
    "agent_in_memory": "discovery.testing.agent",
    "misbehaving": "discovery.testing.servers",
    "refusing": "discovery.testing.servers",
    "seen": "discovery.testing.service",
}

if not TYPE_CHECKING:
    # Type checkers must not see this: they would take every misspelt name for one of ours.
    from discovery.lazily import lazily

    __getattr__, __dir__ = lazily(__name__, _HOME)
