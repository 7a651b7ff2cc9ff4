"""What may be in the bodies that clients send: the names, and the kinds of what they name."""

from __future__ import annotations

from discovery.devagent.body import Duration, Shape, Unsupported

CHECK: Shape = {
    "CheckID": str, "ID": str, "Name": str, "Notes": str, "Status": str, "ServiceID": str,
    "TTL": Duration, "HTTP": str, "Method": str, "Header": ([str],), "Interval": Duration, "Timeout": Duration,
    "DeregisterCriticalServiceAfter": Duration, "TLSSkipVerify": bool,
    **dict.fromkeys((
        "Args", "ScriptArgs", "Script", "Body", "DisableRedirects", "TCP", "TCPUseTLS", "UDP", "Shell", "GRPC",
        "GRPCUseTLS", "DockerContainerID", "AliasNode", "AliasService", "TLSServerName", "OSService", "H2PING",
        "H2PingUseTLS", "SuccessBeforePassing", "FailuresBeforeWarning", "FailuresBeforeCritical", "OutputMaxSize",
        "Namespace", "Partition", "EnterpriseMeta", "ProxyHTTP", "ProxyGRPC",
    ), Unsupported),
}  # fmt: skip

CHECK_UPDATE: Shape = {"Status": str, "Output": str}

SERVICE: Shape = {
    "ID": str, "Name": str, "Tags": [str], "Address": str, "Port": int, "Meta": (str,),
    "Weights": {"Passing": int, "Warning": int}, "EnableTagOverride": bool,
    "TaggedAddresses": ({"Address": str, "Port": int},),
    "Check": CHECK, "Checks": [CHECK],
    **dict.fromkeys(
        ("Kind", "Proxy", "Connect", "SocketPath", "Locality", "Token", "Namespace", "Partition"), Unsupported
    ),
}  # fmt: skip

# Into the catalog past an agent, and out of it.
_CATALOG_SERVICE: Shape = {
    "ID": str, "Service": str, "Tags": [str], "Address": str, "Port": int, "Meta": (str,),
    "Weights": {"Passing": int, "Warning": int},
    **dict.fromkeys(
        ("Kind", "Proxy", "Connect", "SocketPath", "EnableTagOverride", "TaggedAddresses", "Namespace", "Partition"),
        Unsupported,
    ),
}  # fmt: skip

_CATALOG_CHECK: Shape = {
    "CheckID": str, "Name": str, "Status": str, "Notes": str, "Output": str, "ServiceID": str,
    **dict.fromkeys(("Node", "ServiceName", "Definition", "Namespace", "Partition"), Unsupported),
}  # fmt: skip

CATALOG_ENTRY: Shape = {
    "Datacenter": str, "ID": str, "Node": str, "Address": str, "TaggedAddresses": (str,), "NodeMeta": (str,),
    "Service": _CATALOG_SERVICE, "Check": _CATALOG_CHECK, "Checks": [_CATALOG_CHECK], "SkipNodeUpdate": bool,
}  # fmt: skip

CATALOG_EXIT: Shape = {"Datacenter": str, "Node": str, "ServiceID": str, "CheckID": str, "Namespace": Unsupported}
