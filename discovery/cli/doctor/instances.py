"""The instances: whether they can be reached, and whether the agent that checks them sees what we see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from discovery.cli import records
from discovery.cli.doctor.finding import Finding, ok, problem, shortened, warning
from discovery.cli.text import clip, escape
from discovery.model import Health, Instance
from discovery.policy.whereabouts import is_callable

# What Go's network library says of a check that did not get through.
_NOT_THROUGH = re.compile(
    r"refused|timed? ?out|deadline exceeded|no route|unreachable|no such host|reset by peer", re.IGNORECASE
)

# Docker gives its bridges addresses from here, unless told otherwise.
_DOCKER = ip_network("172.16.0.0/12")

# Beside one for each service that it follows, a process keeps one for the names, one for its settings, and two for
# its own entry.
_BESIDE = 4
# Consul's default of limits.http_max_conns_per_client.
_LIMIT = 200

_ADVERTISE = "set MESH_ADVERTISE to an address that the others reach, and start it again"


def judge_instances(instances: Sequence[Instance], probes: Mapping[str, str], node: str) -> list[Finding]:
    """Judge every instance; *probes* says why an address cannot be reached from here (empty: it can).

    *node* is that of the agent that was asked; empty when it does not say.
    """
    found = [finding for each in instances for finding in _judge(each, probes.get(each.address), node)]
    if not found:
        services = len({each.service for each in instances})
        return [ok("instances", f"{len(instances)} instances of {services} services are well, and can be reached")]
    return shortened(found)


def _judge(instance: Instance, probe: str | None, node: str) -> list[Finding]:
    who = f"{clip(instance.id)} at {escape(instance.address)}"
    said = records.trouble(instance)
    ip = _ip(instance.host)
    if wrong := _misplaced(instance, ip, who, node):
        return [wrong]
    if instance.maintenance:
        return [warning("maintenance", f"{who} was taken out of service", "consul maint -disable puts it back")]
    if instance.health is Health.CRITICAL and _NOT_THROUGH.search(said):
        if probe == "":
            text = f"{who}: the agent cannot reach it, and we can ({said})"
            return [
                problem("check-unreachable", text, f"where the agent runs in a container or elsewhere, {_ADVERTISE}")
            ]
        advice = "start it again, or take it out: consul services deregister -id=" + clip(instance.id)
        return [problem("instance-gone", f"{who}: nobody is there ({said})", advice)]
    if instance.health is Health.CRITICAL:
        text, advice = f"{who} is critical ({said or 'no output'})", "see its log; calls go to the others meanwhile"
        return [problem("instance-critical", text, advice)]
    if probe:
        hint = "see whether it still runs and listens there; or "
        if ip is not None and ip in _DOCKER:
            hint = "that looks like an address inside Docker: publish the port, and "
        text = f"{who} is {instance.health.value}, and cannot be reached from here ({probe})"
        return [problem("address-unreachable", text, hint + _ADVERTISE)]
    if instance.health is Health.WARNING:
        return [warning("instance-warning", f"{who} is warning ({said})", "see its log; its share of calls is smaller")]
    return []


def _misplaced(instance: Instance, ip: IPv4Address | IPv6Address | None, who: str, node: str) -> Finding | None:
    # Whoever listens to nobody has no port.
    if instance.port and not is_callable(instance.host, instance.port):
        return problem("address-nonsense", f"{who}: that is no address, and no calls go there", _ADVERTISE)
    if ip is not None and ip.is_unspecified:
        return problem("address-unspecified", f"{who}: that is no address that anybody can reach", _ADVERTISE)
    if ip is not None and ip.is_loopback and node and instance.node not in {"", node}:
        text = f"{who} is on node {clip(instance.node)}: whoever is not on that node reaches itself there"
        return problem("address-loopback", text, _ADVERTISE)
    return None


def judge_connections(limit: int, instances: Sequence[Instance]) -> list[Finding]:
    """Compare what the agent allows one host with what all processes on one would open at most."""
    services = len({each.service for each in instances})
    processes = max(Counter(each.host for each in instances).values(), default=0)
    most, allowed = processes * (services + _BESIDE), limit or _LIMIT
    text = f"{processes} processes on one host that follow {services} services keep up to {most} connections"
    if most <= allowed:
        return [ok("connections", f"{text}; the agent allows {allowed}")]
    advice = f"limits {{ http_max_conns_per_client = {2 * most} }} in the agent's configuration; or an agent per host"
    return [warning("connections", f"{text}, and the agent allows {allowed}", advice)]


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
