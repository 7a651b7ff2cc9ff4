"""The broker that carries events, where there is one: RabbitMQ at ``BROKER_URL``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yarl import URL

import discovery

_EXPECTED = "expected amqp://user:password@host/vhost, or amqps:// where it speaks TLS"


def broker_url(environ: Mapping[str, str]) -> URL | None:
    """``BROKER_URL``, with the password in the file ``BROKER_PASSWORD_FILE``; None where events go over the mesh.

    A file that is empty says nothing, as one does that is mounted where there is nothing to keep.

    Raises:
        ConfigError: when that is no address of a broker, or the file cannot be read.
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
    password = _password(environ.get("BROKER_PASSWORD_FILE", "").strip())
    return url.with_password(password) if password else url


def _password(file: str) -> str:
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise discovery.ConfigError(f"BROKER_PASSWORD_FILE={file} cannot be read: {why}") from None


def queue_of(service: str) -> str:
    """The queue of all events that *service* takes."""
    return f"events.{service}"
