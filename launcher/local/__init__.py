"""The system as processes of this machine: a Consul, the console, and every instance, started, watched and ended."""

from launcher.local.agent import Agent
from launcher.local.child import Child, Command, Ended
from launcher.local.consul_choice import Choice, agent_command, choose, find_program, free_ports, with_program
from launcher.local.control import Control
from launcher.local.folder import FOLDERS, State, end_leftovers, find_system, is_over, new_folder, running_systems
from launcher.local.processes import Processes
from launcher.local.relay import no_broker
from launcher.local.screen import Screen
from launcher.local.settings import check_environment
from launcher.local.signals import run_until_signal
from launcher.local.staff import Staff, StaffRefused
from launcher.local.summary import Summary, instance_table, summarise
from launcher.local.system import NotReady, Running, System
from launcher.local.up import Options, run_up

__all__ = [
    "FOLDERS",
    "Agent",
    "Child",
    "Choice",
    "Command",
    "Control",
    "Ended",
    "NotReady",
    "Options",
    "Processes",
    "Running",
    "Screen",
    "Staff",
    "StaffRefused",
    "State",
    "Summary",
    "System",
    "agent_command",
    "check_environment",
    "choose",
    "end_leftovers",
    "find_program",
    "find_system",
    "free_ports",
    "instance_table",
    "is_over",
    "new_folder",
    "no_broker",
    "run_until_signal",
    "run_up",
    "running_systems",
    "summarise",
    "with_program",
]
