"""The broker that carries events, where there is one: RabbitMQ at ``BROKER_URL``."""

from __future__ import annotations

from collections.abc import Mapping

from yarl import URL

import discovery

_EXPECTED = "expected amqp://user:password@host/vhost, or amqps:// where it speaks TLS"


def broker_url(environ: Mapping[str, str]) -> URL | None:
    """``BROKER_URL``; None where events go over the mesh.

    Raises:
        ConfigError: when that is no address of a broker.
    """
    raw = environ.get("BROKER_URL", "").strip()
    if not raw:
        return None
    try:
        url = URL(raw)
    except ValueError:
        url = URL()
    if url.scheme not in {"amqp", "amqps"} or not url.host:
        # It holds a password, so it is not repeated.
        raise discovery.ConfigError(f"BROKER_URL is not the address of a broker: {_EXPECTED}")
    return url


def queue_of(service: str) -> str:
    """The queue of all events that *service* takes."""
    return f"events.{service}"
