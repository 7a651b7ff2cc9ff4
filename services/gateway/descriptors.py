"""Descriptors of files, of which each connection takes one: as many as the system lets this process have."""

from __future__ import annotations

import logging
import resource

_log = logging.getLogger(__name__)

# For the connections that a server to strangers holds, as many to services, and what a process opens beside.
NEEDED = 2 * 4096 + 100


def raise_limit() -> None:
    """Ask for all that this process may have; tell when that is less than it may come to need."""
    allowed, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = NEEDED if hard == resource.RLIM_INFINITY else min(NEEDED, hard)
    if allowed != resource.RLIM_INFINITY and allowed < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < NEEDED:
        _log.warning(
            "this process may open %d files, and its connections may take %d: raise its limit (ulimit -n), "
            "or set MESH_MAX_CONNECTIONS to less than half of it",
            most,
            NEEDED,
        )
