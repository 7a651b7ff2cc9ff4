"""`mesh doctor`: gathers facts, has them judged, one step after the other, and says what to do."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

import click

import discovery
from discovery.cli import records
from discovery.cli.away import Away
from discovery.cli.consul import Consul, Reply
from discovery.cli.doctor.catalogue import judge_catalogue, read_entries
from discovery.cli.doctor.collector import endpoint_of, judge_collector, post_nothing
from discovery.cli.doctor.finding import Finding, Status
from discovery.cli.doctor.instances import judge_connections, judge_instances
from discovery.cli.doctor.names import judge_names, look_for_names
from discovery.cli.doctor.registry import judge_clock, judge_reach, judge_right, read_self
from discovery.cli.doctor.settings import judge_settings
from discovery.cli.exits import FAILED, OK
from discovery.cli.options import chosen, consul
from discovery.cli.text import escape, painted
from discovery.errors import ConfigError, RegistryError
from discovery.model import Instance

_MARKS = {Status.OK: ("✓", "green"), Status.WARNING: ("!", "yellow"), Status.PROBLEM: ("✗", "red")}

# The folder that the library was imported from.
_LIBRARY = Path(discovery.__path__[0]).parent

# A Consul that takes longer has a problem.
_LIMIT_S = 5.0


def doctor(url: str, *, as_json: bool) -> int:
    """Check everything; 1 when there is a problem."""
    found: list[Finding] = []
    for finding in _findings(url, os.environ, Progress(shown=not as_json and sys.stderr.isatty())):
        found.append(finding)
        if not as_json:
            _show(finding)
    counts = Counter(finding.status for finding in found)
    problems, warnings = counts[Status.PROBLEM], counts[Status.WARNING]
    if as_json:
        records.tell({"findings": [asdict(each) for each in found], "problems": problems, "warnings": warnings})
    else:
        click.echo(f"{problems} problem{'s' * (problems != 1)}, {warnings} warning{'s' * (warnings != 1)}")
    return FAILED if problems else OK


class Progress:
    """Says what is being looked at, where somebody waits at a terminal."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown

    def __call__(self, what: str) -> None:
        """Look at *what* from now on; at nothing any more when it is empty."""
        if self._shown:
            click.echo(f"\r\x1b[K{what and f'… {what}'}", nl=False, err=True)


def _findings(url: str, environ: Mapping[str, str], look: Progress) -> Iterator[Finding]:
    look("settings")
    findings = judge_settings(environ, chosen(url))
    look("")
    yield from findings
    yield from judge_names(look_for_names(environ, Path.cwd(), _LIBRARY))
    try:
        with consul(url, limit_s=_LIMIT_S) as agent:
            yield from _registry(agent, look)
    except ConfigError:  # said already
        pass
    look("collector")
    endpoint = endpoint_of(environ)
    findings = judge_collector(endpoint, post_nothing(endpoint) if endpoint else 0)
    look("")
    yield from findings


def _registry(agent: Consul, look: Progress) -> Iterator[Finding]:
    look(agent.who)
    reach = judge_reach(agent.who, _ask(agent, "/v1/status/leader"))
    look("")
    yield from reach
    if any(finding.status is Status.PROBLEM for finding in reach):
        return  # whatever else is asked would only say the same again

    # Only now: the clock brings an event loop with it, and thirty milliseconds.
    from discovery.cli.doctor.probing import probe, time_of_day  # noqa: PLC0415

    anonymous = not agent.token
    answer = _ask(agent, "/v1/agent/self")
    itself = read_self(answer)
    rights = (
        ("acl-agent", "the agent's own record", 'agent_prefix "" { policy = "read" }', answer, False),
        (
            "acl-services",
            "services",
            'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }',
            _ask(agent, "/v1/catalog/services"),
            True,
        ),
        ("acl-settings", "live settings", 'key_prefix "mesh/" { policy = "read" }', _ask(agent, _KEYS), False),
    )
    seen: list[Finding] = []
    for kind, what, rule, said, vital in rights:
        found = judge_right(kind, what, rule, said, anonymous=anonymous, vital=vital)
        seen += found if vital else ()
        yield from found
    yield from judge_clock(itself.headers, time_of_day())

    look("instances")
    entries = read_entries(_ask(agent, _ENTRIES))
    read = _instances(agent)
    instances = read or []
    findings = judge_instances(instances, probe(instances), itself.node)
    look("")
    yield from findings
    yield from judge_connections(itself.connections, instances)
    # What is hidden from us, or is in another datacenter, is not missing.
    if entries and read is not None and not agent.elsewhere and all(each.status is Status.OK for each in seen):
        after = read_entries(_ask(agent, _ENTRIES))  # who left meanwhile is not missing either
        yield from judge_catalogue({each: entries[each] for each in entries.keys() & after.keys()}, instances)


_KEYS = "/v1/kv/mesh/?recurse"
_ENTRIES = "/v1/agent/services"


def _ask(agent: Consul, path: str) -> Reply | Away:
    try:
        return agent.ask(path)
    except Away as exc:
        return exc


def _instances(agent: Consul) -> list[Instance] | None:
    """Everybody but Consul's own servers, who are no business of ours; None where that cannot be read."""
    try:
        names, _ = agent.names()
        return [each for name in sorted(names.services) if name != "consul" for each in agent.instances(name).instances]
    except RegistryError:  # said already
        return None


def _show(finding: Finding) -> None:
    mark, colour = _MARKS[finding.status]
    click.echo(f"{painted(mark, colour)} {finding.id:<19} {escape(finding.text)}")
    if finding.advice:
        click.echo(f"  → {escape(finding.advice)}")
