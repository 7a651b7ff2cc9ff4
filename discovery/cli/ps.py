"""`mesh ps`: who is registered, where, and how well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from discovery.cli import records
from discovery.cli.consul import Consul
from discovery.cli.exits import FAILED, OK
from discovery.cli.table import Cell, lines
from discovery.cli.text import COLOURS, clip, escape
from discovery.model import Instance


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
    names = ("service", "instance", "address", "health", "weight", "version", "node", "output")
    rows = [[Cell(name, dim=True, right=name == "weight") for name in names]]
    before = ""
    for each in instances:
        rows.append(
            [
                # Said once for all instances below it.
                Cell(clip(each.service) if each.service != before else "", bold=True),
                Cell(clip(each.id)),
                Cell(escape(each.address)),
                Cell(records.state(each), COLOURS[each.health]),
                Cell(str(records.weight(each)), right=True),
                Cell(clip(each.version)),
                Cell(clip(each.node)),
                Cell(records.trouble(each), dim=True),
            ]
        )
        before = each.service
    click.echo("\n".join(lines(rows)))
