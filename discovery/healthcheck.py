"""Asks a service on this host whether it is ready: what an image runs to know how it is.

It asks where ``MESH_HOST`` and ``MESH_PORT`` say that the service listens, by TLS where ``MESH_TLS_CERT`` names the
certificate that it shows: ``python -m discovery.healthcheck``.

The standard library's client is all that it loads, since it is started every few seconds.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection

# A ready check answers within 1 s, and says which part of the service is slow.
_LIMIT_S = 2.0
_WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
# It serves; with 429, without something that is not vital.
_READY = (200, 429)


def trouble(environ: Mapping[str, str], limit_s: float = _LIMIT_S) -> str | None:
    """What is wrong with the service that *environ* sets up; ``None`` when nothing is.

    *limit_s* bounds each wait, for the connection and for the answer.
    """
    host = environ.get("MESH_HOST", "").strip()
    port = environ.get("MESH_PORT", "").strip()
    if not port.isdecimal() or int(port) > 65535:
        return f"{port!r} is not a port: MESH_PORT has to say at which the service listens"
    try:
        with closing(_connection(environ, _WILDCARDS.get(host, host), int(port), limit_s)) as connection:
            connection.request("GET", "/health/ready")
            with connection.getresponse() as response:
                return None if response.status in _READY else f"not ready: {response.status} {response.reason}"
    except (OSError, HTTPException) as error:
        return f"no answer at {host or 'loopback'}, port {port}: {error!r}"


def _connection(environ: Mapping[str, str], host: str, port: int, limit_s: float) -> HTTPConnection:
    if not environ.get("MESH_TLS_CERT", "").strip():
        return HTTPConnection(host, port, timeout=limit_s)
    # It is on this host, and no certificate is for where it listens.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return HTTPSConnection(host, port, timeout=limit_s, context=context)


def main() -> int:
    """Say in a line what is wrong, if anything is."""
    wrong = trouble(os.environ)
    if wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - whoever asks for the container's health reads this
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
