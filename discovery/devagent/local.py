"""What one agent itself is told to run, and how it writes that into the catalog. Pure: ``now`` is an argument.

The agent is the authority on its own services. Each change is written to the catalog at once, and a full comparison
(:meth:`Local.reconcile`) repairs the rest once a minute. So, as in Consul, an entry that somebody took out of the
*catalog* comes back within a minute, and repeating a registration does not bring it back any sooner. A registration
that differs does bring the service back, but not those of its checks that stayed the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from discovery.devagent.catalog import Catalog
from discovery.devagent.definitions import CheckDefinition
from discovery.devagent.records import Check, Node, Service, Status

# A server is a service itself, and its node is alive as long as the gossip says so.
_SERVER = Service(id="consul", name="consul")
_ALIVE = Check(id="serfHealth", name="Serf Health Status", status=Status.PASSING, output="Agent alive and reachable")

# Consul's check_update_interval: text that changes while the status stays the same is written this late, give or
# take a half, so that outputs with a time in them do not load the servers.
_OUTPUT_DELAY_S = 300.0

_NODE_MAINTENANCE = "_node_maintenance"
_SERVICE_MAINTENANCE = "_service_maintenance:"


@dataclass(slots=True)
class LocalCheck:
    """A check and its state at the agent; maintenance has no definition, since nobody runs it."""

    definition: CheckDefinition | None
    state: Check
    critical_since: float | None = None
    output_due: float | None = None


class Local:
    """The services and checks of one agent."""

    def __init__(self, node: Node, catalog: Catalog, rng: Random) -> None:
        self._node = node
        self._catalog = catalog
        self._rng = rng
        self._services: dict[str, Service] = {}
        self._checks: dict[str, LocalCheck] = {}

    @property
    def services(self) -> Mapping[str, Service]:
        return self._services

    @property
    def checks(self) -> Mapping[str, LocalCheck]:
        return self._checks

    def checks_of(self, service_id: str) -> Iterator[Check]:
        """The checks of a service, or with no id those of the node."""
        return (check.state for check in self._checks.values() if check.state.service_id == service_id)

    def put_service(self, service: Service) -> None:
        if self._services.get(service.id) != service:
            self._services[service.id] = service
            self._write_service(service)
            for check in self._checks.values():
                state = check.state
                shown = (state.service_name, state.service_tags)
                if state.service_id == service.id and shown != (service.name, service.tags):
                    check.state = replace(state, service_name=service.name, service_tags=service.tags)
                    self._write(check)

    def put_check(self, definition: CheckDefinition, service_id: str = "") -> None:
        """Run a check from now on. One that was there under its id keeps its status and output, as in Consul."""
        known = self._checks.get(definition.id)
        self._put(
            definition,
            Check(
                id=definition.id,
                name=definition.name,
                status=known.state.status if known else definition.status,
                notes=definition.notes,
                output=known.state.output if known else "",
                service_id=service_id,
                type=definition.type,
                interval=definition.shown_interval,
                timeout=definition.shown_timeout,
            ),
        )

    def report(self, check_id: str, status: Status, output: str, now: float) -> bool:
        """Take the result of a check; tells whether that check (still) exists and something about it changed."""
        check = self._checks.get(check_id)
        if check is None:
            return False
        if status is Status.CRITICAL:
            check.critical_since = now if check.critical_since is None else check.critical_since
        else:
            check.critical_since = None
        before = check.state
        check.state = replace(before, status=status, output=output)
        if before.status is not status:
            self._write(check)
        elif before.output != output and check.output_due is None:
            check.output_due = now + _OUTPUT_DELAY_S * self._rng.uniform(0.5, 1.5)
        return before != check.state

    def remove_service(self, service_id: str) -> Iterable[str]:
        """Take out a service; tells the ids of its checks, which go with it."""
        del self._services[service_id]
        gone = [check_id for check_id, check in self._checks.items() if check.state.service_id == service_id]
        for check_id in gone:
            del self._checks[check_id]
        self._catalog.drop_service(self._node.name, service_id)
        return gone

    def remove_check(self, check_id: str) -> None:
        if self._checks.pop(check_id, None):
            self._catalog.drop_check(self._node.name, check_id)

    def set_maintenance(self, service_id: str, reason: str, *, enabled: bool) -> None:
        """Take a service (or with no id the node) out of use by a critical check of its own, or put it back."""
        check_id = f"{_SERVICE_MAINTENANCE}{service_id}" if service_id else _NODE_MAINTENANCE
        what, title = ("service", "Service") if service_id else ("node", "Node")
        if not enabled:
            self.remove_check(check_id)
        elif check_id not in self._checks:
            default = f"Maintenance mode is enabled for this {what}, but no reason was provided. "
            self._put(
                None,
                Check(
                    id=check_id,
                    name=f"{title} Maintenance Mode",
                    status=Status.CRITICAL,
                    notes=reason or f"{default}This is a default message.",
                    service_id=service_id,
                    type="maintenance",
                ),
            )

    def overdue(self, now: float) -> set[str]:
        """The services with a check that has been critical for longer than its definition allows."""
        return {
            check.state.service_id
            for check in self._checks.values()
            if check.definition
            and check.definition.deregister_after_s
            and check.state.service_id
            and check.critical_since is not None
            and now - check.critical_since > check.definition.deregister_after_s
        }

    def reconcile(self, now: float) -> None:
        """Make the catalog say what we say about our node: put back, correct, take out."""
        node = self._node.name
        for service_id in set(self._catalog.services_of(node)) - set(self._services):
            if service_id != _SERVER.id:
                self._catalog.drop_service(node, service_id)
        known = self._catalog.checks_of(node)
        for check_id in set(known) - set(self._checks) - {_ALIVE.id}:
            self._catalog.drop_check(node, check_id)
        for service in (_SERVER, *self._services.values()):
            self._write_service(service)
        self._catalog.put_check(node, _ALIVE)
        for check in self._checks.values():
            stored = known.get(check.state.id)
            waits = check.output_due is not None and now < check.output_due
            if waits and stored and stored.value.status is check.state.status:
                self._catalog.put_check(node, replace(check.state, output=stored.value.output))
            else:
                self._write(check)

    def _put(self, definition: CheckDefinition | None, state: Check) -> None:
        known = self._checks.get(state.id)
        if owner := self._services.get(state.service_id):
            state = replace(state, service_name=owner.name, service_tags=owner.tags)
        check = LocalCheck(definition, state, known.critical_since if known else None)
        self._checks[state.id] = check
        if known is None or known.state != state or known.output_due is not None:
            self._write(check)

    def _write(self, check: LocalCheck) -> None:
        check.output_due = None
        # A check is always written with its service: this is how a status change brings a lost entry back.
        if owner := self._services.get(check.state.service_id):
            self._write_service(owner)
        self._catalog.put_check(self._node.name, check.state)

    def _write_service(self, service: Service) -> None:
        self._catalog.put_node(self._node)
        self._catalog.put_service(self._node.name, service)
