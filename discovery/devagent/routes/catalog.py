"""``/v1/catalog``: what is registered, whatever its health; and writing it without an agent."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from discovery.devagent import body, definitions, filters, render, shapes
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
    """Write a node, and perhaps a service and checks on it, past any agent."""
    sent = await body.read_object(request, definitions.CATALOG_ENTRY)
    _our_datacenter(sent)
    if not (node_name := sent.get("Node", "")):
        raise Refused(500, "Must provide node")
    if not sent.get("Address") and not sent.get("SkipNodeUpdate"):
        raise Refused(500, "Must provide address if SkipNodeUpdate is not set")
    agent = request.app[AGENT]
    if not sent.get("SkipNodeUpdate"):
        agent.catalog.put_node(
            Node(
                name=node_name,
                address=sent["Address"],
                id=sent.get("ID", ""),
                tagged_addresses=sent.get("TaggedAddresses"),
                meta=sent.get("NodeMeta"),
            )
        )
    if agent.catalog.node(node_name) is None:
        raise Refused(500, "Missing node registration")
    if service := sent.get("Service"):
        if not service.get("Service"):
            raise Refused(500, "Must provide service name (Service.Service) when service ID is provided")
        agent.catalog.put_service(node_name, _service(service))
    for check in [*([sent["Check"]] if sent.get("Check") else []), *sent.get("Checks", [])]:
        try:
            agent.catalog.put_check(node_name, _check(check))
        except LookupError as exc:
            raise Refused(500, str(exc.args[0])) from None
    agent.announce()
    return shown(request, True)


async def deregister(request: web.Request) -> web.Response:
    """Take a check, a service, or a whole node out of the catalog; an agent puts its own back in time."""
    sent = await body.read_object(request, definitions.CATALOG_EXIT)
    _our_datacenter(sent)
    if not (node_name := sent.get("Node", "")):
        raise Refused(500, "Must provide node")
    agent = request.app[AGENT]
    if service_id := sent.get("ServiceID"):
        agent.catalog.drop_service(node_name, service_id)
    elif check_id := sent.get("CheckID"):
        agent.catalog.drop_check(node_name, check_id)
    else:
        agent.catalog.drop_node(node_name)
    agent.announce()
    return shown(request, True)


def _our_datacenter(sent: dict[str, Any]) -> None:
    if sent.get("Datacenter", "") not in {"", DATACENTER}:
        raise Refused(500, "No path to datacenter")


def _service(sent: dict[str, Any]) -> Service:
    weights = sent.get("Weights", {})
    return Service(
        id=sent.get("ID") or sent["Service"],
        name=sent["Service"],
        tags=tuple(sent.get("Tags", ())),
        address=sent.get("Address", ""),
        port=sent.get("Port", 0),
        meta=sent.get("Meta", {}),
        weight=weights.get("Passing", 1),
        warning_weight=weights.get("Warning", 1),
    )


def _check(sent: dict[str, Any]) -> Check:
    check_name = sent.get("Name", "")
    # Consul takes any status; what it does not know counts as critical everywhere else.
    status = sent.get("Status") or Status.CRITICAL
    return Check(
        id=sent.get("CheckID") or check_name,
        name=check_name,
        status=Status(status) if status in set(Status) else Status.CRITICAL,
        notes=sent.get("Notes", ""),
        output=sent.get("Output", ""),
        service_id=sent.get("ServiceID", ""),
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
