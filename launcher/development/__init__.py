"""Making the environment, and the chores of whoever works here: checks, tests, benchmarks, locks."""

from launcher.development.bench import run_bench, run_chaos
from launcher.development.checks import run_checks
from launcher.development.environment import Site
from launcher.development.lock import write_lock
from launcher.development.report import CannotRun, Report, Row
from launcher.development.tests import run_pytest, run_tests

__all__ = [
    "CannotRun",
    "Report",
    "Row",
    "Site",
    "run_bench",
    "run_chaos",
    "run_checks",
    "run_pytest",
    "run_tests",
    "write_lock",
]
