"""Who is never called, whatever the registry says of him.

Whoever may register a service says where its calls go: into another network, to the metadata of a cloud, to himself. So
an operator may name the ranges in which instances are, and none outside of them is called. A name is outside of all
ranges: where it leads is DNS' word, and another one tomorrow. And who calls ``https://ports/`` means TLS and nothing
else, so instances that do not say that they speak it are none for him.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from discovery.model import Instance, Target
from discovery.policy.whereabouts import is_callable

# What an error names of those who are registered wrongly.
_NAMED = 3


class Barred:
    """The rule of one process: *allowed* are ranges, and where none is named, addresses are as good as each other."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._ranges = tuple(ip_network(each) for each in allowed)

    def past(self, target: Target, instances: Sequence[Instance]) -> Sequence[Instance]:
        """Those of *instances* who may be called."""
        if target.secure:
            instances = [each for each in instances if each.secure]
        return [each for each in instances if not self.is_outside(each)] if self._ranges else instances

    def outside(self, instances: Sequence[Instance]) -> tuple[Instance, ...]:
        """Those of *instances* who are outside of all ranges."""
        return tuple(each for each in instances if self.is_outside(each)) if self._ranges else ()

    def is_outside(self, instance: Instance) -> bool:
        """Whether it is in no range."""
        if not self._ranges:
            return False
        try:
            host = ip_address(instance.host)
        except ValueError:
            return True
        if isinstance(host, IPv6Address) and host.ipv4_mapped is not None:
            host = host.ipv4_mapped
        return not any(host in each for each in self._ranges)

    def why_none(self, target: Target, registered: Sequence[Instance]) -> str:
        """Why nobody of those who are *registered* can be called, for people."""
        astray = [each for each in registered if not is_callable(each.host, each.port)]
        outside = [each for each in registered if each not in astray and self.is_outside(each)]
        clear = [each for each in registered if target.secure and each not in astray + outside and not each.secure]
        said = [
            f"{what}: {_list(those)}"
            for what, those in (
                ("registered with an address that cannot be called", astray),
                ("outside of the addresses that MESH_ALLOW names", outside),
                ("registered without TLS, which https:// asks for", clear),
            )
            if those
        ]
        if len(astray) + len(outside) + len(clear) < len(registered):
            said.insert(0, f"{len(registered)} registered, none healthy")
        return "; ".join(said)


def range_problems(allowed: Collection[str]) -> Iterator[str]:
    """What is wrong with ranges, a sentence each."""
    if isinstance(allowed, str):
        yield f"allow must be a tuple of ranges, got {allowed!r:.40}"
        return
    for each in allowed:
        try:
            ip_network(str(each))  # a number would be an address, and is none that anybody means
        except ValueError as error:
            yield f"allow {each!r} is no range of addresses, such as 10.0.0.0/8 or fd00::/8: {error}"


def _list(instances: Sequence[Instance]) -> str:
    named = ", ".join(f"{each.id} at {each.address!r}" for each in instances[:_NAMED])
    return named + (f", and {len(instances) - _NAMED} more" if len(instances) > _NAMED else "")
