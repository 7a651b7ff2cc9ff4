"""What a filter may ask about, by endpoint; Consul does not let it ask about everything that it shows."""

from __future__ import annotations

from discovery.devagent.matching import Shape

_ADDRESSES: Shape = ({"Address": str, "Port": int},)

AGENT_SERVICE: Shape = {
    "ID": str,
    "Service": str,
    "Tags": [str],
    "Meta": (str,),
    "Port": int,
    "Address": str,
    "TaggedAddresses": _ADDRESSES,
    "Weights": {"Passing": int, "Warning": int},
    "EnableTagOverride": bool,
}

CHECK: Shape = {
    "Node": str,
    "CheckID": str,
    "Name": str,
    "Status": str,
    "Notes": str,
    "Output": str,
    "ServiceID": str,
    "ServiceName": str,
    "ServiceTags": [str],
    "Type": str,
}

NODE: Shape = {
    "ID": str,
    "Node": str,
    "Address": str,
    "Datacenter": str,
    "TaggedAddresses": (str,),
    "Meta": (str,),
}

ENDPOINT: Shape = {"Node": NODE, "Service": AGENT_SERVICE, "Checks": [CHECK]}

CATALOG_SERVICE: Shape = {
    "ID": str,
    "Node": str,
    "Address": str,
    "Datacenter": str,
    "TaggedAddresses": (str,),
    "NodeMeta": (str,),
    "ServiceID": str,
    "ServiceName": str,
    "ServiceTags": [str],
    "ServiceAddress": str,
    "ServiceTaggedAddresses": _ADDRESSES,
    "ServiceWeights": {"Passing": int, "Warning": int},
    "ServiceMeta": (str,),
    "ServicePort": int,
    "ServiceEnableTagOverride": bool,
}

MEMBER: Shape = {"Name": str, "Addr": str, "Port": int, "Tags": (str,), "Status": int}
