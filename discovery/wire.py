"""All that mesh processes say to each other on the wire; ``docs/wire.md`` is the same in prose.

A header of ours starts with ``Mesh-``. The gateway drops every one that comes from outside.
"""

from __future__ import annotations

from urllib.parse import quote

PREFIX = "Mesh-"

# How many milliseconds the caller still gives this request. Remaining time, not a wall-clock moment: two
# machines need not agree on the time of day (gRPC's grpc-timeout is the same idea).
DEADLINE = "Mesh-Deadline-Ms"

# "I did not process this": the request may go elsewhere, whatever its method (Finagle's nack).
NACK = "Mesh-Nack"
NACK_DRAINING = "draining"  # leaving: try another instance
NACK_BUSY = "busy"  # as much is under way as may be: try another instance
NACK_REFUSED = "refused"  # a handler said so itself, before it did anything: try another instance
NACK_EXPIRED = "deadline"  # the caller's time is up, and what was begun was ended: trying elsewhere is pointless
RETRYABLE_NACKS = frozenset({NACK_DRAINING, NACK_BUSY, NACK_REFUSED})

# With a request: it is let in where others are refused, and so is what it makes others call. The edge believes it from
# nobody.
PRIORITY = "Mesh-Priority"
HIGH = "high"

# On a 5xx answer: this service already repeated its own calls in vain, so repeating it multiplies the load.
RETRIES_EXHAUSTED = "Mesh-Retries"
EXHAUSTED = "exhausted"

# Which process answered: told by the ready check, where callers compare it, and by every answer of a server.
INSTANCE = "Mesh-Instance"
# Differs for every start of a process, also under the same instance id.
BOOT = "Mesh-Boot"

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"


def check_path(instance_id: str) -> str:
    """The path a registry asks: it names the instance, since a port can pass to another process."""
    return f"{READY_PATH}?instance={quote(instance_id, safe='')}"
