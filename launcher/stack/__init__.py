"""The system in containers, through the same door as by hand: `docker`."""

from launcher.stack.container import Container
from launcher.stack.engine import Engine, find_engine
from launcher.stack.failures import EngineUnusable
from launcher.stack.faults import Fault, Toll, Unmet, busiest, disconnected, endure, killed, paused, stopped
from launcher.stack.images import missing, stand_ins
from launcher.stack.stack import Stack, new_project
from launcher.stack.tests import run_stack_tests
from launcher.stack.traffic import PORTLESS, Read, laptop, shop_page

__all__ = [
    "PORTLESS",
    "Container",
    "Engine",
    "EngineUnusable",
    "Fault",
    "Read",
    "Stack",
    "Toll",
    "Unmet",
    "busiest",
    "disconnected",
    "endure",
    "find_engine",
    "killed",
    "laptop",
    "missing",
    "new_project",
    "paused",
    "run_stack_tests",
    "shop_page",
    "stand_ins",
    "stopped",
]
