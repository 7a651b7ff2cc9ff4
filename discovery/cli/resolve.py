"""`mesh resolve`: whom a call would be sent to, and why not to the others."""

from __future__ import annotations

from collections.abc import Sequence

import click

from discovery.cli import records
from discovery.cli.consul import Consul
from discovery.cli.exits import FAILED, OK
from discovery.cli.text import COLOURS, clip, escape, painted
from discovery.model import Health, Instance
from discovery.policy.health import Fitness, eligible, fitness, weight_of
from discovery.registry.port import Answer


def resolve(consul: Consul, service: str, datacenter: str, *, as_json: bool) -> int:
    """Show who may be chosen, each with its share; 1 when nobody may.

    Raises:
        RegistryError: when Consul does not say.
    """
    answer = consul.instances(service, datacenter=datacenter)
    chosen = eligible(answer.instances)
    left = [instance for instance in answer.instances if instance not in chosen]
    total = sum(map(weight_of, chosen))
    if as_json:
        records.tell(
            {
                "service": service,
                "datacenter": datacenter,
                "eligible": [{**records.fields(each), "share": round(weight_of(each) / total, 4)} for each in chosen],
                "excluded": [{**records.fields(each), "why": _why(each)} for each in left],
                "crowd": _is_crowd(answer.instances),
                "doubt": answer.doubt,
            }
        )
        return OK if chosen else FAILED
    click.echo(f"{service}: {len(chosen)} of {len(answer.instances)} may be chosen")
    for each in chosen:
        share = f"{100 * weight_of(each) / total:.0f} % of the calls (weight {records.weight(each)})"
        click.echo(f"  {_line(each)}  {share}")
    for each in left:
        click.echo(f"  {_line(each)}  not chosen: {_why(each)}")
    if _is_crowd(answer.instances):
        click.echo(
            "Half or more are critical. A process that saw them turn so in one moment goes on choosing them for two "
            "runs of their checks, since a restarted agent shows all its instances so; one that starts now does not."
        )
    if not answer.instances:
        _explain(consul, service, answer, datacenter)
    return OK if chosen else FAILED


def _line(instance: Instance) -> str:
    state = painted(f"{records.state(instance):<8}", COLOURS[instance.health])
    return f"{clip(instance.id)}  {escape(instance.address)}  {state}"


def _why(instance: Instance) -> str:
    if fitness(instance) is Fitness.NOWHERE:
        return "its registered address cannot be called"
    if instance.maintenance:
        return "it was taken out of service"
    if instance.health is Health.CRITICAL:
        return records.trouble(instance) or "a check is critical"
    return "its weight is 0 while warning" if instance.health is Health.WARNING else "its weight is 0"


def _is_crowd(instances: Sequence[Instance]) -> bool:
    ailing = [each for each in instances if each.health is Health.CRITICAL and not each.maintenance]
    return len(instances) > 1 and 2 * len(ailing) >= len(instances)


def _explain(consul: Consul, service: str, answer: Answer, datacenter: str) -> None:
    """Say why there may be nobody at all."""
    if answer.doubt:
        records.warn(f"that may be wrong: {answer.doubt}; mesh doctor says what to do")
    elif not datacenter:
        names, _ = consul.names()
        if service not in names.services:
            records.warn(f"no service {service!r} is registered; known services: {records.known(list(names.services))}")
