"""``/v1/catalog``: what is registered, whatever its health; and writing it without an agent."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from discovery.devagent import body, filters, render, sent, shapes
from discovery.devagent.api import AGENT, endpoint, name, read, shown
from discovery.devagent.query import DATACENTER
from discovery.devagent.records import Check, Node, Service, Status
from discovery.devagent.refusal import Refused


async def services(request: web.Request) -> web.Response:
    catalog = request.app[AGENT].catalog
    chosen = filters.compile(request.query.get("filter", ""), shapes.CATALOG_SERVICE)

    def names() -> dict[str, list[str]]:
        found: dict[str, set[str]] = {}
        for node, service in catalog.services():
            if chosen(render.catalog_service(node, service, DATACENTER)):
                found.setdefault(service.value.name, set()).update(service.value.tags)
        return {service: sorted(tags) for service, tags in sorted(found.items())}

    return await read(request, lambda: max(catalog.nodes_index, catalog.services_index), names)


async def service(request: web.Request) -> web.Response:
    catalog, wanted = request.app[AGENT].catalog, name(request, "Missing service name")
    tags = set(request.query.getall("tag", []))
    return await read(
        request,
        lambda: catalog.service_index(wanted),
        lambda: [
            render.catalog_service(node, one, DATACENTER)
            for node, one in catalog.instances(wanted)
            if tags <= set(one.value.tags)
        ],
        shapes.CATALOG_SERVICE,
    )


async def nodes(request: web.Request) -> web.Response:
    catalog = request.app[AGENT].catalog
    return await read(
        request,
        lambda: catalog.nodes_index,
        lambda: [render.node(one, DATACENTER) for one in catalog.nodes()],
        shapes.NODE,
    )


async def node(request: web.Request) -> web.Response:
    catalog, wanted = request.app[AGENT].catalog, name(request, "Missing node name")

    def known() -> dict[str, Any] | None:
        if (stored := catalog.node(wanted)) is None:
            return None
        services = catalog.services_of(wanted)
        return {
            "Node": render.node(stored, DATACENTER),
            "Services": {service_id: render.service(service) for service_id, service in services.items()},
        }

    return await read(request, lambda: catalog.nodes_index, known)


async def datacenters(request: web.Request) -> web.Response:
    return shown(request, [DATACENTER])


async def register(request: web.Request) -> web.Response:
    """Write a node, and perhaps a service and checks on it, past any agent: all of it or nothing."""
    entry = await body.read_object(request, sent.CATALOG_ENTRY)
    _our_datacenter(entry)
    if not (name_of_node := entry.get("Node", "")):
        raise Refused(500, "Must provide node")
    catalog, node = request.app[AGENT].catalog, _node(entry)
    if node is None and catalog.node(name_of_node) is None:
        raise Refused(500, "Missing node registration")
    service = _service(entry["Service"]) if entry.get("Service") else None
    checks = [_check(one) for one in (entry.get("Check"), *entry.get("Checks", ())) if one]
    for check in checks:
        if check.service_id not in {"", service and service.id, *catalog.services_of(name_of_node)}:
            raise Refused(500, f"Unknown service ID '{check.service_id}' for check ID '{check.id}'")
    if node is not None:
        catalog.put_node(node)
    if service is not None:
        catalog.put_service(name_of_node, service)
    for check in checks:
        catalog.put_check(name_of_node, check)
    request.app[AGENT].announce()
    return shown(request, True)


async def deregister(request: web.Request) -> web.Response:
    """Take a check, a service, or a whole node out of the catalog; an agent puts its own back in time."""
    leaving = await body.read_object(request, sent.CATALOG_EXIT)
    _our_datacenter(leaving)
    if not (node_name := leaving.get("Node", "")):
        raise Refused(500, "Must provide node")
    agent = request.app[AGENT]
    if service_id := leaving.get("ServiceID"):
        agent.catalog.drop_service(node_name, service_id)
    elif check_id := leaving.get("CheckID"):
        agent.catalog.drop_check(node_name, check_id)
    else:
        agent.catalog.drop_node(node_name)
    agent.announce()
    return shown(request, True)


def _our_datacenter(told: dict[str, Any]) -> None:
    if told.get("Datacenter", "") not in {"", DATACENTER}:
        raise Refused(500, "No path to datacenter")


def _node(told: dict[str, Any]) -> Node | None:
    if told.get("SkipNodeUpdate"):
        return None
    if not told.get("Address"):
        raise Refused(500, "Must provide address if SkipNodeUpdate is not set")
    return Node(
        name=told["Node"],
        address=told["Address"],
        id=told.get("ID", ""),
        tagged_addresses=told.get("TaggedAddresses"),
        meta=told.get("NodeMeta"),
    )


def _service(told: dict[str, Any]) -> Service:
    if not told.get("Service"):
        raise Refused(500, "Must provide service name (Service.Service) when service ID is provided")
    weights = told.get("Weights", {})
    return Service(
        id=told.get("ID") or told["Service"],
        name=told["Service"],
        tags=tuple(told.get("Tags", ())),
        address=told.get("Address", ""),
        port=told.get("Port", 0),
        meta=told.get("Meta", {}),
        weight=weights.get("Passing", 1),
        warning_weight=weights.get("Warning", 1),
    )


def _check(told: dict[str, Any]) -> Check:
    status = told.get("Status") or Status.CRITICAL
    if status not in set(Status):
        raise Refused(400, f"Invalid check status: '{status}'")
    return Check(
        id=told.get("CheckID") or told.get("Name", ""),
        name=told.get("Name", ""),
        status=Status(status),
        notes=told.get("Notes", ""),
        output=told.get("Output", ""),
        service_id=told.get("ServiceID", ""),
    )


ROUTES = [
    endpoint("/v1/catalog/services", GET=services),
    endpoint("/v1/catalog/service/{rest:.*}", GET=service),
    endpoint("/v1/catalog/nodes", GET=nodes),
    endpoint("/v1/catalog/node/{rest:.*}", GET=node),
    endpoint("/v1/catalog/datacenters", GET=datacenters),
    endpoint("/v1/catalog/register", PUT=register),
    endpoint("/v1/catalog/deregister", PUT=deregister),
]
