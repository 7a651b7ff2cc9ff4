"""Where a page leads to that shows a trace of itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import discovery


def console_url(environ: Mapping[str, str]) -> str:
    """``MESH_CONSOLE_URL``: where a trace can be looked at; empty when that is nowhere.

    Raises:
        ConfigError: when it is not the URL of a web page, since it becomes a link.
    """
    url = environ.get("MESH_CONSOLE_URL", "").strip().rstrip("/")
    try:
        parts = urlsplit(url)
        sound = not url or (parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None)
    except ValueError:
        sound = False
    if not sound:
        raise discovery.ConfigError("MESH_CONSOLE_URL must be http(s)://host:port, without a user")
    return url
