"""The rules of the house, read off the source: who may import whom, who owns what, how long a file may be."""

from __future__ import annotations

import ast
import importlib
import sys

import pytest

from tests.architecture.source import MODULES, PACKAGES, ROOT, SHIPPED, imports, nodes, within

# What the modules of a room may import of ours. The first prefix that fits a module decides.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "discovery.policy": ("discovery.model", "discovery.policy"),
    "discovery.registry": (
        "discovery.clock",
        "discovery.config",
        "discovery.consul_tls",
        "discovery.errors",
        "discovery.login",
        "discovery.model",
        "discovery.registry",
        "discovery.variables",
    ),
    "discovery.snapshot": ("discovery.model", "discovery.snapshot"),
    "discovery.runtime": (
        "discovery.call_errors",
        "discovery.clock",
        "discovery.config",
        "discovery.errors",
        "discovery.live_settings",
        "discovery.model",
        "discovery.call",
        "discovery.incoming",
        "discovery.log_observer",
        "discovery.login",
        "discovery.observer",
        "discovery.policy",
        "discovery.registry",
        "discovery.runtime",
        "discovery.snapshot",
        "discovery.variables",
        "discovery.wire",
    ),
    "discovery.devagent": ("discovery",),
    "discovery.testing": ("discovery",),
    "discovery.cli": ("discovery",),
    "discovery.web.validation": ("discovery.web", "discovery.lazily"),
    "discovery.web": ("discovery.web", "discovery.wire"),
    "discovery.healthcheck": (),
    "discovery.state": (),
    "discovery.model": (),
    "discovery.wire": (),
    "discovery.clock": (),
    "discovery.errors": (),
    "discovery.call_errors": ("discovery.errors", "discovery.model"),
    "discovery.config": (
        "discovery.consul_tls",
        "discovery.environment",
        "discovery.errors",
        "discovery.live_settings",
        "discovery.model",
        "discovery.policy.barred",
        "discovery.policy.registrable",
        "discovery.proxies",
        "discovery.variables",
    ),
    "discovery.consul_tls": ("discovery.errors",),
    "discovery.environment": (
        "discovery.consul_tls",
        "discovery.live_settings",
        "discovery.proxies",
        "discovery.variables",
    ),
    "discovery.advice": (),
    "discovery.login": (),
    "discovery.proxies": (),
    "discovery.news": ("discovery.clock", "discovery.errors", "discovery.observer", "discovery.policy.telling"),
    "discovery.live_settings": ("discovery.policy.routes",),
    "discovery.variables": (),
    "discovery.lazily": (),
    "discovery.call": ("discovery.model",),
    "discovery.incoming": (),
    "discovery.observer": ("discovery.call", "discovery.incoming", "discovery.model", "discovery.snapshot.events"),
    "discovery.log_observer": (
        "discovery.advice",
        "discovery.clock",
        "discovery.model",
        "discovery.news",
        "discovery.observer",
        "discovery.policy.telling",
        "discovery.snapshot.events",
    ),
    "discovery": ("discovery",),
    # A command may use what all commands share.
    "observability.commands": ("observability", "discovery.cli"),
    "observability.lookup": ("observability", "discovery.cli", "discovery.errors", "discovery.model"),
    "observability.terminal": (
        "observability",
        "discovery.cli",
        "discovery.config",
        "discovery.errors",
        "discovery.model",
        "discovery.call",
        "discovery.observer",
    ),
    "observability.console": ("observability", "discovery"),
    "observability": (
        "observability",
        "discovery.advice",
        "discovery.clock",
        "discovery.errors",
        "discovery.lazily",
        "discovery.model",
        "discovery.news",
        "discovery.call",
        "discovery.incoming",
        "discovery.observer",
        "discovery.snapshot.events",
        "discovery.wire",
    ),
    # The rooms of what services share: the web layer stands on the other two, which know nothing of each other.
    "services.kit.auth": ("services.kit.auth", "services.kit.problems", "discovery"),
    "services.kit.pages": ("services.kit.pages", "discovery"),
    "services.kit.data": ("services.kit.data", "services.kit.problems", "discovery", "observability"),
    "services.kit.web": (
        "services.kit.web",
        "services.kit.auth",
        "services.kit.data",
        "services.kit.problems",
        "discovery",
    ),
    "services.kit.events": (
        "services.kit.events",
        "services.kit.web",
        "services.kit.data",
        "discovery",
        "observability",
    ),
    "services.kit": ("services.kit", "discovery", "observability"),
    # No service imports another: they meet over HTTP only.
    **{
        f"services.{service}": (f"services.{service}", "services.kit", "discovery", "observability")
        for service in (
            "accounts",
            "gateway",
            "laptops",
            "marketplace",
            "notifications",
            "orders",
            "payments",
            "ports",
            "recommendations",
        )
    },
    "services": (),
    # Which room of the launcher leans on which; each speaks to another by its face alone, see below.
    "launcher.api": ("launcher.api", "launcher.plan", "discovery.errors"),
    "launcher.development": ("launcher.development", "launcher.plan", "discovery"),
    "launcher.documentation": ("launcher.documentation", "launcher.plan", "discovery.errors"),
    "launcher.local": ("launcher.local", "launcher.plan", "discovery", "observability"),
    "launcher.remote": ("launcher.remote", "launcher.local", "launcher.plan", "discovery"),
    "launcher.demo": (
        "launcher.customers",
        "launcher.demo",
        "launcher.local",
        "launcher.load",
        "launcher.plan",
        "launcher.scenario",
        "discovery",
        "observability",
    ),
    "launcher.scenario": (
        "launcher.scenario",
        "launcher.customers",
        "launcher.local",
        "launcher.plan",
        "launcher.remote",
        "discovery",
    ),
    "launcher.stack": ("launcher.stack", "launcher.development", "launcher.load", "launcher.plan", "discovery"),
    "launcher.plan": ("discovery.errors",),
    "launcher.load": ("discovery.clock",),
    "launcher.start": ("launcher.main",),
    "launcher": ("launcher", "discovery"),
    # A benchmark is run by the name of its module, so nobody imports it. These look at parts of services, too.
    "benchmarks.gateway": ("benchmarks", "launcher", "discovery", "observability", "services"),
    "benchmarks": ("benchmarks", "launcher", "discovery", "observability"),
}

LAUNCHER_ROOMS = (
    "launcher.api",
    "launcher.customers",
    "launcher.demo",
    "launcher.development",
    "launcher.documentation",
    "launcher.local",
    "launcher.remote",
    "launcher.scenario",
    "launcher.stack",
)

# Rooms that exist for developers: nothing in the library may lean on them.
NOT_FOR_THE_LIBRARY = ("discovery.devagent", "discovery.testing", "discovery.cli")

PURE = {
    "__future__",
    "bisect",
    "collections",
    "copy",
    "dataclasses",
    "enum",
    "functools",
    "ipaddress",
    "itertools",
    "math",
    "random",
    "re",
    "types",
    "typing",
}

# A dependency with opinions lives in one room.
OWNERS = {
    "tenacity": ("discovery.runtime.retrying",),
    "consul": ("discovery.registry",),
    "msgspec": ("discovery.registry", "observability.console.ingest"),
    "opentelemetry": ("observability", "benchmarks.batches", "benchmarks.calls.telemetry", "benchmarks.calls.peers"),
    "structlog": ("observability",),
    "mkdocs": ("launcher.documentation",),
    "griffe": ("launcher.documentation.docstrings",),
    "nacl": ("services.accounts", "services.kit.auth"),
    "joserfc": ("benchmarks.chaos.hostile_tokens", "benchmarks.chaos.tokens"),
    "jinja2": ("services.kit.pages",),
    "playwright": ("launcher.demo.browser", "launcher.demo.pictures", "launcher.demo.shopping"),
    "aio_pika": (
        "services.kit.events.broker_link",
        "services.kit.events.broker_transport",
        "services.kit.events.broker_inbox",
    ),
    "alembic": ("services",),
    "asyncpg": ("benchmarks.chaos.postgresql", "services.kit.data.postgresql", "services.kit.data.roles"),
    "sqlalchemy": ("services", "observability.console"),
    "pytest": ("discovery.testing.plugin", "discovery.testing.fixtures", "discovery.testing.absent"),
    "pytest_asyncio": ("discovery.testing.fixtures",),
    "pydantic": ("services", "discovery.web.validation", "observability.console"),
    "click": (
        "discovery.cli",
        "observability.commands",
        "observability.lookup",
        "observability.terminal",
        "launcher",
        "benchmarks",
    ),
    "rich": ("launcher", "benchmarks"),
}


def below(*rooms: str) -> list[str]:
    """The modules of *rooms*."""
    found = [module for module in MODULES if within(module, rooms)]
    assert found, f"{rooms} hold nothing: a rule about them could not fail"
    return found


def test_arrows_point_one_way() -> None:
    def crossed(module: str) -> set[str]:
        room = next(prefix for prefix in MAY_IMPORT if within(module, (prefix,)))
        ours = {name for name in imports(MODULES[module]) if within(name, PACKAGES)}
        return {name for name in ours if not within(name, MAY_IMPORT[room])}

    assert {module: names for module in MODULES if (names := crossed(module))} == {}


def test_the_library_does_not_lean_on_its_development_rooms() -> None:
    library = [module for module in below("discovery") if not within(module, NOT_FOR_THE_LIBRARY)]
    leaning = {m: {name for name in imports(MODULES[m]) if within(name, NOT_FOR_THE_LIBRARY)} for m in library}

    assert {module: names for module, names in leaning.items() if names} == {}


def test_services_and_the_console_use_public_names_only() -> None:
    public = {"discovery", "discovery.web", "discovery.web.validation", "discovery.wire", "observability"}

    def hidden(module: str) -> set[str]:
        names = {name for name in imports(MODULES[module]) if within(name, SHIPPED)} - public
        if within(module, ("observability.console",)):
            names = {name for name in names if not within(name, ("observability.console",))}
        if module == "observability.console.__main__":
            names.discard("discovery.lazily")  # which says what to install
        return names

    modules = below("services", "observability.console")
    assert {module: names for module in modules if (names := hidden(module))} == {}


def test_the_console_is_shown_by_its_command_and_imported_by_nobody_else() -> None:
    def users(name: str) -> set[str]:
        return {module for module, path in MODULES.items() if any(within(n, (name,)) for n in imports(path))}

    assert {user for user in users("observability.console") if not within(user, ("observability.console",))} == {
        "observability.terminal"
    }
    assert users("observability.terminal") == {"observability.commands"}


def test_the_console_reads_the_messages_on_the_wire_and_knows_nothing_of_the_sdk() -> None:
    for module in below("observability.console"):
        names = {name for name in imports(MODULES[module]) if within(name, ("opentelemetry",))}

        assert {name for name in names if not name.startswith("opentelemetry.proto")} == set(), module
        assert not names or within(module, ("observability.console.ingest",)), module


def test_a_room_of_the_launcher_is_entered_by_its_face() -> None:
    for module in below("launcher", "benchmarks"):
        rooms = [room for room in LAUNCHER_ROOMS if not within(module, (room,))]

        assert {name for name in imports(MODULES[module]) if within(name, tuple(rooms))} <= set(rooms), module


@pytest.mark.parametrize("room", LAUNCHER_ROOMS)
def test_a_face_shows_only_what_somebody_outside_the_room_uses(room: str) -> None:
    used = {
        alias.name
        for module, path in MODULES.items()
        if not within(module, (room,))
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == room
        for alias in node.names
    }

    assert set(importlib.import_module(room).__all__) - used == set()


def test_the_launcher_has_these_rooms_and_only_nouns_beside_them() -> None:
    rooms = {f"launcher.{path.parent.name}" for path in (ROOT / "launcher").glob("*/__init__.py")}

    assert rooms == set(LAUNCHER_ROOMS)


def test_what_is_installed_knows_nothing_of_this_repository() -> None:
    for module in below(*SHIPPED):
        known = {n for n in imports(MODULES[module]) if within(n, PACKAGES) and not within(n, SHIPPED)}
        assert known == set(), module


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = {module: imports(path) & MODULES.keys() - {module} for module, path in MODULES.items()}
    # Who imports nobody that is left cannot be part of one.
    while leaves := {module for module, names in left.items() if not names & left.keys()}:
        left = {module: names for module, names in left.items() if module not in leaves}

    # Nor can one whom nobody imports that is left.
    while tops := left.keys() - {name for names in left.values() for name in names}:
        left = {module: names for module, names in left.items() if module not in tops}
    assert left == {}


def test_policies_are_pure() -> None:
    for module in below("discovery.policy"):
        roots = {name.split(".")[0] for name in imports(MODULES[module])}

        assert roots <= PURE | {"discovery"} | ({"collections"} & roots), module


@pytest.mark.parametrize("dependency", OWNERS)
def test_a_dependency_has_one_owner(dependency: str) -> None:
    users = {module for module, path in MODULES.items() if any(within(n, (dependency,)) for n in imports(path))}

    assert {user for user in users if not within(user, OWNERS[dependency])} == set()


def test_no_file_is_longer_than_250_lines() -> None:
    lengths = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}

    assert {module: lines for module, lines in lengths.items() if lines > 250} == {}


@pytest.mark.parametrize(
    "package", ["discovery", "discovery.testing", "discovery.web", "observability", *LAUNCHER_ROOMS]
)
def test_the_public_api_is_a_sorted_list_of_what_the_package_imports(package: str) -> None:
    public = importlib.import_module(package)
    tree = ast.parse(MODULES[package].read_text(encoding="utf-8"))
    typed = [node for branch in tree.body if isinstance(branch, ast.If) for node in branch.body]
    home = {
        alias.name: node.module
        for node in [*tree.body, *typed]
        if isinstance(node, ast.ImportFrom) and within(str(node.module), PACKAGES) and node.module != "discovery.lazily"
        for alias in node.names
    }

    assert sorted(home) == sorted(public.__all__)
    assert all(getattr(public, name) is not None for name in public.__all__)
    assert not typed or home == public._HOME
    # Else importing the module would put it in the place of the name.
    assert not {f"{package}.{name}" for name in home} & MODULES.keys()
    assert all(isinstance(node, (ast.ImportFrom, ast.Assign, ast.Expr, ast.If)) for node in tree.body)


def test_the_folder_consul_holds_no_python_so_that_the_installed_package_wins() -> None:
    assert list((ROOT / "consul").rglob("*.py")) == []
    assert "site-packages" in str(importlib.import_module("consul").__file__)


def test_every_module_has_a_docstring() -> None:
    trees = {module: nodes(path)[0] for module, path in MODULES.items()}
    silent = {
        module
        for module, tree in trees.items()
        if isinstance(tree, ast.Module) and tree.body and not ast.get_docstring(tree)
    }

    assert silent == set()


def test_the_language_floor_is_what_runs_here_or_below() -> None:
    assert sys.version_info >= (3, 11)
