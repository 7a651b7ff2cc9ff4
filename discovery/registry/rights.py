"""The line that a policy needs for a request to Consul. Pure."""

from __future__ import annotations

# Instances are shown to those alone who may read their node as well.
_SEEN = 'node_prefix "" { policy = "read" }'


def right(method: str, path: str, service: str) -> str:
    """What is needed to ask *path*; *service* is who asks, whose own entries it reads and writes."""
    if method == "PUT" and path.startswith("/v1/agent/"):
        return f'service "{service}" {{ policy = "write" }}'
    if path.startswith("/v1/health/service/"):
        return f'service "{path.removeprefix("/v1/health/service/")}" {{ policy = "read" }} {_SEEN}'
    if path.startswith("/v1/kv/"):
        return f'key_prefix "{path.removeprefix("/v1/kv/")}" {{ policy = "read" }}'
    if path.startswith("/v1/agent/service/"):
        return f'service "{service}" {{ policy = "read" }}'
    if path.startswith("/v1/agent/"):
        return 'agent_prefix "" { policy = "read" }'
    return f'service_prefix "" {{ policy = "read" }} {_SEEN}'
