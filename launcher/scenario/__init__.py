"""Scenarios: something breaks in a running system, somebody sees what it does to the shop, and it is mended."""

from launcher.scenario.run import heal_all, list_scenarios, run_scenario, scenario_names

__all__ = [
    "heal_all",
    "list_scenarios",
    "run_scenario",
    "scenario_names",
]
