"""What is to run: how many instances of which service. Pure: text in, a plan or all that is wrong with it out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from discovery.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]

# The sample system, in the order in which it is started and shown: first what the others report to.
SYSTEM: Mapping[str, int] = {
    "console": 1,
    "gateway": 1,
    "marketplace": 1,
    "accounts": 1,
    "notifications": 1,
    "orders": 1,
    "payments": 1,
    "recommendations": 1,
    "laptops": 2,
    "ports": 3,
}

# The only one that is a part of the library.
CONSOLE = "console"

# The one that knows who somebody is.
ACCOUNTS = "accounts"

# The one that people reach.
GATEWAY = "gateway"

# Each of these is one place to go to, whose address is known before it runs.
PLACES = (CONSOLE, GATEWAY)

# Without one of these nobody can look at a laptop, log in and buy it.
_SHOP = (GATEWAY, "marketplace", ACCOUNTS, "orders", "payments", "laptops")

# A typing error must not start a thousand processes.
_MOST = 20


def module_of(service: str) -> str:
    """What ``python -m`` starts."""
    return "observability.console" if service == CONSOLE else f"services.{service}"


def version_of(service: str, root: Path = ROOT) -> str:
    """Its own, since each is versioned alone; the console's is the library's."""
    place = root if service == CONSOLE else root / "services" / service
    return str(tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def make_plan(scale: Iterable[str] = (), only: Iterable[str] = ()) -> dict[str, int]:
    """How many instances of which service, from ``--scale ports=5`` and ``--only laptops,ports``.

    Raises:
        ConfigError: listing all that is wrong.
    """
    problems: list[str] = []
    names = [name.strip() for words in only for name in words.split(",") if name.strip()]
    problems += [_unknown(name) for name in names if name not in SYSTEM]
    wanted = {name: count for name, count in SYSTEM.items() if not names or name in names}
    try:
        changes = parse_scale(scale)
    except ConfigError as exc:
        raise ConfigError(*problems, *exc.problems) from None
    problems += [f"--scale {name}: left out by --only" for name in changes if name not in wanted and not problems]
    if problems:
        raise ConfigError(*problems)
    return {**wanted, **changes}


def parse_scale(scale: Iterable[str]) -> dict[str, int]:
    """Read ``ports=5``, several times.

    Raises:
        ConfigError: listing all that is wrong.
    """
    counts: dict[str, int] = {}
    problems: list[str] = []
    for text in scale:
        name, _, number = text.partition("=")
        if name not in SYSTEM:
            problems.append(_unknown(name))
        elif not (number.isascii() and number.isdigit() and int(number) <= _MOST):
            problems.append(f"{text!r}: expected {name}=N with N from 0 to {_MOST}")
        else:
            counts[name] = int(number)
    if problems:
        raise ConfigError(*problems)
    return counts


def check_places(plan: Mapping[str, int], ports: Mapping[str, int]) -> None:
    """Refuse a second console, several gateways at one port (0: each takes a free one), and a port for nobody.

    Raises:
        ConfigError: when they would have to share what only one can have, or would not run at all.
    """
    for place, port in ports.items():
        if port and not plan.get(place):
            raise ConfigError(f"--{place}-port {port}: {place} does not run")
    if plan.get("console", 0) > 1:
        raise ConfigError("console: one is enough, since two would each see a part of the traces")
    if (port := ports.get("gateway", 0)) and plan.get("gateway", 0) > 1:
        raise ConfigError(f"--gateway-port {port} is for one gateway, not for {plan['gateway']}")


def check_shop(plan: Mapping[str, int]) -> None:
    """Refuse customers where they could not buy.

    Raises:
        ConfigError: naming who is missing.
    """
    if missing := [name for name in _SHOP if not plan.get(name)]:
        raise ConfigError(f"--customers: there is no shop without {', '.join(missing)}")


def _unknown(name: str) -> str:
    return f"there is no service {name!r}; there are {', '.join(SYSTEM)}"
