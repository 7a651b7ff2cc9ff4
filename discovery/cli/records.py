"""Instances as the commands show them: as fields for programs, as words for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from discovery.cli.text import clip, escape
from discovery.model import Health, Instance

_NAMES_SHOWN = 12


def fields(instance: Instance) -> dict[str, Any]:
    """All that is known of an instance, raw; JSON itself escapes what could harm a terminal."""
    return {
        "id": instance.id,
        "service": instance.service,
        "address": instance.address,
        "health": instance.health.value,
        "maintenance": instance.maintenance,
        "weight": instance.weight,
        "warning_weight": instance.warning_weight,
        "version": instance.version,
        "node": instance.node,
        "datacenter": instance.datacenter,
        "tags": list(instance.tags),
        "checks": [
            {"id": check.id, "name": check.name, "status": check.status.value, "output": check.output}
            for check in instance.checks
        ],
    }


def state(instance: Instance) -> str:
    """Its health in a word, or that somebody took it out of service."""
    return "maintenance" if instance.maintenance else instance.health.value


def weight(instance: Instance) -> int:
    """The weight that counts now."""
    return instance.warning_weight if instance.health is Health.WARNING else instance.weight


def trouble(instance: Instance) -> str:
    """What the checks that do not pass say, in one line; the worst first."""
    ailing = sorted((c for c in instance.checks if c.status is not Health.PASSING), key=lambda c: c.status)
    return clip("; ".join(check.output or check.name or check.id for check in ailing))


def known(names: Sequence[str]) -> str:
    """The names of services in a sentence."""
    shown = ", ".join(escape(name) for name in sorted(names)[:_NAMES_SHOWN]) or "none"
    return f"{shown}, and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown


def tell(document: dict[str, Any]) -> None:
    """Write one line of JSON. Everything beyond ASCII is escaped, and so is the one control character left."""
    click.echo(json.dumps(document).replace("\x7f", "\\u007f"))


def warn(sentence: str) -> None:
    """Write a sentence beside the answer."""
    click.echo(f"mesh: {sentence}", err=True)
