"""What is to run: how many instances of which service. Pure: text in, a plan or all that is wrong with it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from discovery.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]

# The reference system, the entry first.
SYSTEM: Mapping[str, int] = {"gateway": 1, "laptops": 2, "ports": 3}

# A typing error must not start a thousand processes.
_MOST = 20


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


def check_gateway(plan: Mapping[str, int], port: int) -> None:
    """Refuse several gateways at one *port* (0: each takes a free one).

    Raises:
        ConfigError: when they would have to share it.
    """
    if port and plan.get("gateway", 0) > 1:
        raise ConfigError(f"--gateway-port {port} is for one gateway, not for {plan['gateway']}")


def _unknown(name: str) -> str:
    return f"there is no service {name!r}; there are {', '.join(SYSTEM)}"
