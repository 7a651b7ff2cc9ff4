"""What runs where, once all of it does: for people as a table, for programs as one line of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from launcher.local.system import Running, System
from launcher.plan import ACCOUNTS, PLACES


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A system that is ready. ``ui`` is None where the agent has no web pages."""

    system: str
    consul: str
    ui: str | None
    ready_s: float
    instances: Sequence[Running]
    traces_elsewhere: bool = False
    # What customers do is written there, if some were invited.
    customers: str | None = None

    def place(self, service: str) -> str | None:
        """Where a service is; None when it does not run."""
        return next((each.url for each in self.instances if each.service == service), None)

    def figures(self) -> dict[str, Any]:
        """What a program wants to know."""
        return {
            **{place: self.place(place) for place in PLACES},
            "consul": self.consul,
            "ui": self.ui,
            "ready_s": self.ready_s,
            "system": self.system,
            "traces_elsewhere": self.traces_elsewhere,
            "customers": self.customers,
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
        tries = Table.grid(padding=(0, 2))
        if console := self.place("console"):
            tries.add_row("console", Text(f"{console}/", style="bold"))
            if self.traces_elsewhere:
                tries.add_row("", Text("traces do not come here: the OTEL_ variables say so"))
        if (gateway := self.place("gateway")) and self.place("marketplace"):
            tries.add_row("shop", Text(f"{gateway}/", style="bold"))
        if self.customers:
            tries.add_row("customers", Text(f"tail -f {self.customers}", style="bold"))
        if gateway and (service := next((name for name in ("laptops", "ports") if self.place(name)), "")):
            tries.add_row("request", Text(f"curl {gateway}/api/{service}/1", style="bold"))
        if gateway and self.place(ACCOUNTS):
            tries.add_row("write", Text("./mesh staff", style="bold"))
        tries.add_row("inside", Text(f"CONSUL_HTTP_ADDR={self.consul} ./mesh ps", style="bold"))
        return Group(self.table(), Text(), tries)


async def summarise(
    system: System, instances: Sequence[Running], ready_s: float, customers: str | None = None
) -> Summary:
    """The summary of a system that became ready within *ready_s*."""
    url = system.agent.url
    return Summary(
        system=system.id,
        consul=url,
        ui=f"{url}/ui/" if await system.agent.has_ui() else None,
        ready_s=round(ready_s, 2),
        instances=instances,
        traces_elsewhere=system.traces_elsewhere,
        customers=customers,
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
