"""What runs where, once all of it does: for people as a table, for programs as one line of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from services.launcher.system import Running, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A system that is ready. ``ui`` is None where the agent has no web pages."""

    system: str
    consul: str
    ui: str | None
    ready_s: float
    instances: Sequence[Running]

    @property
    def gateway(self) -> str | None:
        """Where requests go; None without a gateway."""
        return next((each.url for each in self.instances if each.service == "gateway"), None)

    def figures(self) -> dict[str, Any]:
        """What a program wants to know."""
        return {
            "gateway": self.gateway,
            "consul": self.consul,
            "ui": self.ui,
            "ready_s": self.ready_s,
            "system": self.system,
            "instances": [
                {"name": each.name, "id": each.id, "pid": each.pid, "url": each.url} for each in self.instances
            ],
        }

    def table(self) -> Table:
        """What runs where, Consul included."""
        table = instance_table(self.instances)
        table.add_row("consul", "", "", self.ui or self.consul, "" if self.ui else "[dim]no web pages")
        return table

    def __rich__(self) -> Group:
        """The table, and what to try."""
        tries = []
        if gateway := self.gateway:
            tries = [
                f"curl {gateway}/",
                f"curl {gateway}/api/laptops/1",
                f"curl '{gateway}/api/ports?connector=usb-c&limit=3'",
            ]
        return Group(self.table(), Text(), *(Text(f"  {line}", style="bold", no_wrap=True) for line in tries))


async def summarise(system: System, instances: Sequence[Running], ready_s: float) -> Summary:
    """The summary of a system that became ready within *ready_s*."""
    url = system.agent.url
    return Summary(
        system=system.id,
        consul=url,
        ui=f"{url}/ui/" if await system.agent.has_ui() else None,
        ready_s=round(ready_s, 2),
        instances=instances,
    )


def instance_table(instances: Sequence[Running]) -> Table:
    """Every instance with its process and its health."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("service", "instance", "pid", "url", "health"):
        table.add_column(column, justify="right" if column == "pid" else "left", no_wrap=True)
    for each in instances:
        colour = "green" if each.health == "passing" else "red"
        table.add_row(each.service, each.id, str(each.pid or ""), each.url, f"[{colour}]{each.health}")
    return table
