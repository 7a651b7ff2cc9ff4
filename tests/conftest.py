"""What holds for every test: a clean environment, and real components that are used where they are.

A test that needs a real component says so by a marker. Where the component is missing the test is skipped, unless
``MESH_REQUIRE`` names it (``MESH_REQUIRE=consul,consul-1.8``): then the test fails. The end of a run says which
components took part.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from benchmarks.chaos.rabbitmq import find_programs
from discovery.errors import ConfigError
from launcher.demo.browser_choice import find_browser
from launcher.local.consul_choice import find_program

# How long an example takes is the machine's affair.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# What a developer's shell says about a mesh must not reach the tests; what it says to them must.
_SCRUBBED = ("CONSUL_", "MESH_", "OTEL_")
_KEPT = frozenset({"CONSUL_BIN", "CONSUL_1_8_BIN", "MESH_REQUIRE", "MESH_STACK"})

_TOOLS = Path(__file__).parents[1] / ".tools"
_ENGINE = ("version", "--format", "Docker {{.Server.Version}}")


@dataclass(frozen=True)
class Component:
    """A real program that some tests need. The marker is its name with underscores."""

    name: str
    program: Path | None
    advice: str
    asking: tuple[str, ...] = ("version",)
    # Its version, where asking would start something that stays: of Erlang, what nodes find each other by.
    known: str = ""

    @property
    def marker(self) -> str:
        return self.name.replace("-", "_").replace(".", "_")

    def version(self) -> str:
        """What the program says of itself, like ``Consul v1.19.2``."""
        if self.known:
            return self.known
        said = subprocess.run([str(self.program), *self.asking], capture_output=True, text=True, check=False)
        return said.stdout.partition("\n")[0]


def find_components() -> list[Component]:
    """Look for all of them, wherever they may be."""
    old = os.environ.get("CONSUL_1_8_BIN")
    return [
        Component("consul", find_program(os.environ), "name a program in CONSUL_BIN, or run consul/get-consul"),
        Component("consul-1.8", Path(old) if old and os.access(old, os.X_OK) else None, "name one in CONSUL_1_8_BIN"),
        Component("browser", find_browser(os.environ), "install Chromium, or name one in CHROME_BIN", ("--version",)),
        Component("engine", find_docker(), 'start Docker, or run eval "$(.ci/engine)"', _ENGINE),
        Component("jaeger", find_viewer("jaeger"), 'run eval "$(.ci/viewers)"'),
        Component("prometheus", find_viewer("prometheus"), 'run eval "$(.ci/viewers)"', ("--version",)),
        Component("postgresql", find_postgresql(), "run .ci/postgresql", ("--version",)),
        Component("rabbitmq", find_rabbitmq(), "run .ci/rabbitmq", known=_folder_of(find_rabbitmq())),
        Component("promtool", find_viewer("promtool"), 'run eval "$(.ci/viewers)"', ("--version",)),
    ]


def find_docker() -> Path | None:
    """The `docker` program, if an engine answers it."""
    program = shutil.which("docker")
    try:
        answered = (
            program and not subprocess.run([program, *_ENGINE], capture_output=True, timeout=30, check=False).returncode
        )
    except subprocess.TimeoutExpired:
        return None
    return Path(program) if program and answered else None


def find_postgresql() -> Path | None:
    """The server beside its other programs. Debian keeps those of each version apart, and off the path."""
    places = [Path(path).parent for path in [shutil.which("initdb")] if path]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: float(place.parent.name))
    programs = [place / "postgres" for place in places if os.access(place / "initdb", os.X_OK)]
    return next((program for program in reversed(programs) if os.access(program, os.X_OK)), None)


def find_rabbitmq() -> Path | None:
    """The server beside its other programs."""
    programs = find_programs()
    return programs / "rabbitmq-server" if programs else None


def _folder_of(program: Path | None) -> str:
    """What it was unpacked as, like ``rabbitmq_server-3.10.8``."""
    return program.resolve().parents[1].name if program else ""


def find_viewer(name: str) -> Path | None:
    """One of the programs that .ci/viewers makes: what its variable names, else the one that was made here."""
    folder = "jaeger" if name == "jaeger" else "prometheus"
    program = Path(os.environ.get(f"{name.upper()}_BIN", _TOOLS / folder / name))
    return program if os.access(program, os.X_OK) else None


COMPONENTS = pytest.StashKey[list[Component]]()


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith(_SCRUBBED) and name not in _KEPT]:
        del os.environ[name]
    try:
        components = find_components()
    except ConfigError as exc:
        raise pytest.UsageError(str(exc)) from None
    if unknown := required() - {component.name for component in components}:
        raise pytest.UsageError(f"MESH_REQUIRE names {', '.join(sorted(unknown))}, which no test knows")
    for component in components:
        config.addinivalue_line("markers", f"{component.marker}: needs a real {component.name}")
    config.stash[COMPONENTS] = components


def required() -> set[str]:
    """The components that must not be missing."""
    return {name.strip() for name in os.environ.get("MESH_REQUIRE", "").split(",") if name.strip()}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their argument: a gzip holds the time, and every worker must find the same names."""
    return argname if isinstance(val, bytes) else None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for component in item.config.stash[COMPONENTS]:
        if item.get_closest_marker(component.marker):
            item.user_properties.append(("component", component.name))
            if component.program is None and component.name in required():
                pytest.fail(f"{component.name} is required, and missing: {component.advice}", pytrace=False)
            if component.program is None:
                # A developer need not have every real component. The summary names what was missing, and MESH_REQUIRE,
                # which the gate sets, makes it a failure: so nothing is passed over in silence.
                pytest.skip(f"no {component.name}: {component.advice}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    used = Counter(
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and (report.when == "call" or report.outcome != "passed")
        for key, value in report.user_properties
        if key == "component"
    )
    if not used:
        return
    terminalreporter.section("real components")
    for component in config.stash[COMPONENTS]:
        state = f"missing: {component.advice}"
        if component.program:
            state = f"{component.version()} at {component.program}"
        terminalreporter.line(f"{component.name}: {state}; tests: {used[component.name]}")
