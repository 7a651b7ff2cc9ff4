"""Scenarios: something breaks in a running system, somebody sees what it does to the shop, and it is mended."""

from launcher.scenario.course import Play
from launcher.scenario.run import heal_all, list_scenarios, run_scenario
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.scenarios import SCENARIOS
from launcher.scenario.stage import BROKER, Stage

__all__ = [
    "BROKER",
    "SCENARIOS",
    "Look",
    "Play",
    "Scenario",
    "Stage",
    "heal_all",
    "list_scenarios",
    "run_scenario",
]
