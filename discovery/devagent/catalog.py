"""What all agents of a datacenter would agree on, with Consul's indexes. Pure: no clock, no I/O.

Every write takes the next index, and moves the indexes of exactly the results that it may change; a write that
changes nothing moves none. The rules were read off a Consul 1.19 server, and the contract tests hold them:

- a service's own index covers its instances and their checks, and checks of the nodes they are on;
- a service that does not exist has the index at which any service last vanished, or the catalog's while none has;
- lists of checks share one index, whichever service they are about;
- services whose names differ in capitals alone are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from discovery.devagent.records import Check, Endpoint, Node, Service, Stored

T = TypeVar("T")


class Counter:
    """The index of the last write, shared by everything one agent stores; a server starts with a few of its own."""

    def __init__(self, last: int = 1) -> None:
        self.last = last

    def next(self) -> int:
        self.last += 1
        return self.last


class Catalog:
    """Nodes, services and checks. Services and checks belong to a node, by its name."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._nodes: dict[str, Stored[Node]] = {}
        self._services: dict[str, dict[str, Stored[Service]]] = defaultdict(dict)
        self._checks: dict[str, dict[str, Stored[Check]]] = defaultdict(dict)
        # By names in small letters.
        self._index_of: dict[str, int] = {}
        self._members: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._extinction = 0
        self.nodes_index = self.services_index = self.checks_index = counter.last

    # Reading.

    def nodes(self) -> list[Stored[Node]]:
        return [self._nodes[name] for name in sorted(self._nodes)]

    def node(self, name: str) -> Stored[Node] | None:
        return self._nodes.get(name)

    def services_of(self, node: str) -> Mapping[str, Stored[Service]]:
        return dict(sorted(self._services.get(node, {}).items()))

    def checks_of(self, node: str) -> Mapping[str, Stored[Check]]:
        return dict(sorted(self._checks.get(node, {}).items()))

    def checks(self) -> Iterator[tuple[str, Stored[Check]]]:
        """All checks with the names of their nodes, ordered."""
        return ((node, check) for node in sorted(self._nodes) for check in self.checks_of(node).values())

    def services(self) -> Iterator[tuple[Stored[Node], Stored[Service]]]:
        """All instances with their nodes, ordered by node and id."""
        return ((node, service) for node in self.nodes() for service in self.services_of(node.value.name).values())

    def names(self) -> list[str]:
        return sorted(self._index_of)

    def exists(self, name: str) -> bool:
        return name.lower() in self._index_of

    def instances(self, name: str) -> list[tuple[Stored[Node], Stored[Service]]]:
        """The instances of a service with their nodes, ordered by node and id."""
        return [
            (self._nodes[node], self._services[node][one]) for node, one in sorted(self._members.get(name.lower(), ()))
        ]

    def endpoints(self, name: str) -> list[Endpoint]:
        """The instances of a service, each with the checks of its node and then its own."""
        checks: defaultdict[tuple[str, str], list[Stored[Check]]] = defaultdict(list)
        found = self.instances(name)
        for node in {node.value.name for node, _ in found}:
            for check in self.checks_of(node).values():
                checks[node, check.value.service_id].append(check)
        return [
            Endpoint(node, service, (*checks[node.value.name, ""], *checks[node.value.name, service.value.id]))
            for node, service in found
        ]

    def service_index(self, name: str, *, with_checks: bool = False) -> int:
        """The index of everything known about one service, whether it exists or not."""
        if (index := self._index_of.get(name.lower())) is not None:
            return index
        if self._extinction:
            return self._extinction
        return max(self.nodes_index, self.services_index, self.checks_index if with_checks else 0)

    # Writing.

    def put_node(self, node: Node) -> None:
        known = self._nodes.get(node.name)
        if known is None or known.value != node:
            index = self._counter.next()
            self._nodes[node.name] = _stored(known, node, index)
            self.nodes_index = index
            self._touch_services_on(node.name, index)

    def put_service(self, node: str, service: Service) -> None:
        known = self._services[node].get(service.id)
        if known is not None and known.value == service:
            return
        index = self._counter.next()
        if known is not None and known.value.name != service.name:
            self._remove_service(node, service.id, index)
        self._services[node][service.id] = _stored(known, service, index)
        name = service.name.lower()
        self._members[name].add((node, service.id))
        self.nodes_index = self.services_index = self._index_of[name] = index

    def put_check(self, node: str, check: Check) -> None:
        """Store a check; the name and the tags of its service, which must exist, are filled in."""
        if check.service_id:
            owner = self._services[node][check.service_id].value
            check = replace(check, service_name=owner.name, service_tags=owner.tags)
        known = self._checks[node].get(check.id)
        if known is None or known.value != check:
            index = self._counter.next()
            self._checks[node][check.id] = _stored(known, check, index)
            for changed in (known.value, check) if known else (check,):
                self._check_changed(node, changed, index)

    def drop_node(self, name: str) -> None:
        if name in self._nodes:
            for service_id in self.services_of(name):
                self.drop_service(name, service_id)
            for check_id in self.checks_of(name):
                self.drop_check(name, check_id)
            self.nodes_index = self._counter.next()
            del self._nodes[name]
            self._services.pop(name, None)
            self._checks.pop(name, None)

    def drop_service(self, node: str, service_id: str) -> None:
        if service_id in self._services.get(node, {}):
            self._remove_service(node, service_id, self._counter.next())

    def drop_check(self, node: str, check_id: str) -> None:
        known = self._checks.get(node, {}).pop(check_id, None)
        if known is not None:
            index = self._counter.next()
            self._check_changed(node, known.value, index)
            if not known.value.service_id:
                self.services_index = index

    def _remove_service(self, node: str, service_id: str, index: int) -> None:
        name = self._services[node].pop(service_id).value.name.lower()
        for check_id, check in self.checks_of(node).items():
            if check.value.service_id == service_id:
                del self._checks[node][check_id]
        self.nodes_index = self.services_index = self.checks_index = index
        self._members[name].remove((node, service_id))
        if self._members[name]:
            self._index_of[name] = index
        else:
            del self._members[name], self._index_of[name]
            self._extinction = index

    def _check_changed(self, node: str, check: Check, index: int) -> None:
        self.checks_index = index
        if check.service_id:
            self._index_of[check.service_name.lower()] = index
        else:
            self._touch_services_on(node, index)

    def _touch_services_on(self, node: str, index: int) -> None:
        for service in self._services.get(node, {}).values():
            self._index_of[service.value.name.lower()] = index


def _stored(known: Stored[T] | None, value: T, index: int) -> Stored[T]:
    return Stored(value, known.created if known else index, index)
