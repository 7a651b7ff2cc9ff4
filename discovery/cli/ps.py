"""`mesh ps`: who is registered, where, and how well."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from discovery.cli import records
from discovery.cli.consul import Consul
from discovery.cli.exits import FAILED, OK
from discovery.cli.text import COLOURS, clip, escape
from discovery.model import Instance

# Into a file or a pipe a row goes whole. Rich itself honours NO_COLOR.
_WIDE = 1000


def ps(consul: Consul, wanted: Sequence[str], *, as_json: bool) -> int:
    """Show the instances of *wanted*, or of every service; 1 when one of those wanted does not exist.

    Raises:
        RegistryError: when Consul does not say.
    """
    names, doubt = consul.names()
    chosen = [name for name in wanted or sorted(names.services) if name in names.services]
    found = {name: consul.instances(name) for name in dict.fromkeys(chosen)}
    doubt = doubt or next((answer.doubt for answer in found.values() if answer.doubt), "")
    missing = [name for name in dict.fromkeys(wanted) if name not in names.services]
    if as_json:
        records.tell(
            {
                "services": [
                    {"name": name, "instances": [records.fields(each) for each in answer.instances]}
                    for name, answer in found.items()
                ],
                "missing": missing,
                "doubt": doubt,
            }
        )
        return FAILED if missing else OK
    if instances := [instance for answer in found.values() for instance in answer.instances]:
        _show(instances)
    for name in missing:
        services = records.known(list(names.services))
        records.warn(f"no service {clip(name)!r} is registered; known services: {services}")
    if not instances and not missing:
        records.warn(f"nobody is registered, says {consul.who}")
    if doubt:
        records.warn(f"there may be more: {doubt}; mesh doctor says what to do")
    return FAILED if missing else OK


def _show(instances: Iterable[Instance]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("service", "instance", "address", "health"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    table.add_column("weight", justify="right", no_wrap=True)
    for column in ("version", "node", "output"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    before = ""
    for each in instances:
        table.add_row(
            # Said once for all instances below it.
            Text(clip(each.service) if each.service != before else "", style="bold"),
            Text(clip(each.id)),
            Text(escape(each.address)),
            Text(records.state(each), style=COLOURS[each.health]),
            Text(str(records.weight(each))),
            Text(clip(each.version)),
            Text(clip(each.node)),
            Text(records.trouble(each), style="dim"),
        )
        before = each.service
    width = None if sys.stdout.isatty() else _WIDE
    Console(highlight=False, width=width).print(table)
