"""The catalog's records as Consul's JSON shows them, key for key. The same thing looks different by endpoint."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from discovery.devagent.events import Event
from discovery.devagent.keyvalues import Pair
from discovery.devagent.records import Check, Endpoint, Node, Service, Stored

Json = dict[str, Any]

# What Consul tells of the mesh that it could run itself, for services that are not part of it.
_NO_PROXY: Json = {"Mode": "", "MeshGateway": {}, "Expose": {}}
_NO_DEFINITION: Json = {
    "Interval": "0s",
    "Timeout": "0s",
    "DeregisterCriticalServiceAfter": "0s",
    "HTTP": "",
    "Header": None,
    "Method": "",
    "Body": "",
    "TLSServerName": "",
    "TLSSkipVerify": False,
    "TCP": "",
    "TCPUseTLS": False,
    "UDP": "",
    "GRPC": "",
    "OSService": "",
    "GRPCUseTLS": False,
}


def node(stored: Stored[Node], datacenter: str) -> Json:
    known = stored.value
    return {
        "ID": known.id,
        "Node": known.name,
        "Address": known.address,
        "Datacenter": datacenter,
        "TaggedAddresses": known.tagged_addresses,
        "Meta": known.meta,
        **_indexes(stored),
    }


def agent_service(service: Service, datacenter: str) -> Json:
    """As the agent itself shows it: without indexes, and with the datacenter."""
    return {
        "ID": service.id,
        "Service": service.name,
        "Tags": list(service.tags),
        "Meta": dict(service.meta),
        "Port": service.port,
        "Address": service.address,
        **_tagged_addresses(service),
        "Weights": _weights(service),
        "EnableTagOverride": service.enable_tag_override,
        "Datacenter": datacenter,
    }


def content_hash(service: Service) -> str:
    """Names what is known about a service at the agent; its checks are no part of it."""
    content = json.dumps(agent_service(service, ""), sort_keys=True).encode()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def service(stored: Stored[Service]) -> Json:
    """As a health query, or a query for a node's services, shows it."""
    known = stored.value
    return {
        "ID": known.id,
        "Service": known.name,
        "Tags": list(known.tags),
        "Address": known.address,
        **_tagged_addresses(known),
        "Meta": dict(known.meta) or None,
        **({"Port": known.port} if known.port else {}),
        "Weights": _weights(known),
        "EnableTagOverride": known.enable_tag_override,
        "Proxy": _NO_PROXY,
        "Connect": {},
        "PeerName": "",
        **_indexes(stored),
    }


def catalog_service(of: Stored[Node], stored: Stored[Service], datacenter: str) -> Json:
    """As the catalog shows one instance: node and service in one flat object."""
    known, where = stored.value, of.value
    tagged = _tagged_addresses(known)
    return {
        "ID": where.id,
        "Node": where.name,
        "Address": where.address,
        "Datacenter": datacenter,
        "TaggedAddresses": where.tagged_addresses,
        "NodeMeta": where.meta,
        "ServiceKind": "",
        "ServiceID": known.id,
        "ServiceName": known.name,
        "ServiceTags": list(known.tags),
        "ServiceAddress": known.address,
        **({"ServiceTaggedAddresses": tagged["TaggedAddresses"]} if tagged else {}),
        "ServiceWeights": _weights(known),
        "ServiceMeta": dict(known.meta),
        "ServicePort": known.port,
        "ServiceSocketPath": "",
        "ServiceEnableTagOverride": known.enable_tag_override,
        "ServiceProxy": _NO_PROXY,
        "ServiceConnect": {},
        "ServiceLocality": None,
        **_indexes(stored),
    }


def check(state: Check, node_name: str, indexes: Mapping[str, int] | None = None) -> Json:
    """One check; the agent shows its own without indexes."""
    return {
        "Node": node_name,
        "CheckID": state.id,
        "Name": state.name,
        "Status": state.status,
        "Notes": state.notes,
        "Output": state.output,
        "ServiceID": state.service_id,
        "ServiceName": state.service_name,
        "ServiceTags": list(state.service_tags),
        "Type": state.type,
        "Interval": state.interval,
        "Timeout": state.timeout,
        "ExposedPort": 0,
        "Definition": {},
        **(indexes or {"CreateIndex": 0, "ModifyIndex": 0}),
    }


def agent_health_check(state: Check, node_name: str) -> Json:
    """One check as the agent's health endpoints show it: with a definition, and all of it empty."""
    shown = check(state, node_name)
    del shown["Interval"], shown["Timeout"]
    return {**shown, "ServiceTags": list(state.service_tags) or None, "Type": "", "Definition": dict(_NO_DEFINITION)}


def stored_check(node_name: str, stored: Stored[Check]) -> Json:
    return check(stored.value, node_name, _indexes(stored))


def endpoint(known: Endpoint, datacenter: str) -> Json:
    return {
        "Node": node(known.node, datacenter),
        "Service": service(known.service),
        "Checks": [stored_check(known.node.value.name, one) for one in known.checks],
    }


def pair(known: Pair) -> Json:
    return {
        "LockIndex": 0,
        "Key": known.key,
        "Flags": known.flags,
        "Value": _base64(known.value),
        "CreateIndex": known.created,
        "ModifyIndex": known.modified,
    }


def event(fired: Event) -> Json:
    return {
        "ID": str(fired.id),
        "Name": fired.name,
        "Payload": _base64(fired.payload),
        "NodeFilter": "",
        "ServiceFilter": "",
        "TagFilter": "",
        "Version": 1,
        "LTime": fired.time,
    }


def _base64(value: bytes) -> str | None:
    return base64.b64encode(value).decode() if value else None


def _indexes(stored: Stored[Any]) -> dict[str, int]:
    return {"CreateIndex": stored.created, "ModifyIndex": stored.modified}


def _weights(service: Service) -> Json:
    return {"Passing": service.weight, "Warning": service.warning_weight}


def _tagged_addresses(service: Service) -> Json:
    tagged = {name: {"Address": host, "Port": port} for name, (host, port) in service.tagged_addresses.items()}
    return {"TaggedAddresses": tagged} if tagged else {}
