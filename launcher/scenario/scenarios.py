"""All scenarios, by their names."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.scenario.bad_release import BAD_RELEASE
from launcher.scenario.broker_away import BROKER_AWAY
from launcher.scenario.cache_cold import CACHE_COLD
from launcher.scenario.consul_away import CONSUL_AWAY
from launcher.scenario.memory_leak import MEMORY_LEAK
from launcher.scenario.noisy_neighbour import NOISY_NEIGHBOUR
from launcher.scenario.payment_failure import PAYMENT_FAILURE
from launcher.scenario.scenario import Scenario
from launcher.scenario.slow_ports import SLOW_PORTS

# Consul first: the others are mended by its help.
_ALL = (CONSUL_AWAY, BAD_RELEASE, BROKER_AWAY, CACHE_COLD, MEMORY_LEAK, NOISY_NEIGHBOUR, PAYMENT_FAILURE, SLOW_PORTS)

SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}
