"""What the environment of a process amounts to: the settings that its variables say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from discovery.consul_tls import ConsulTls
from discovery.live_settings import LiveSettings
from discovery.proxies import proxy_for
from discovery.variables import VARIABLES, is_base_url

# Where an agent listens when nobody says anything.
CONSUL_URL = "http://127.0.0.1:8500"

_LIVE = frozenset(setting.name for setting in fields(LiveSettings))
_TLS = frozenset(setting.name for setting in fields(ConsulTls))
# What stands in the place of a file's name may be the token itself.
_NOT_SHOWN = {"consul_token", "consul_token_file"}


def settings_of(environ: Mapping[str, str], arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings that *environ* and *arguments*, which beat it, say together; and a sentence for each problem."""
    values: dict[str, Any] = {}
    live: dict[str, Any] = {}
    tls: dict[str, Any] = {}
    problems: list[str] = []
    for variable, (setting, parse) in VARIABLES.items():
        if raw := environ.get(variable, "").strip():
            try:
                (live if setting in _LIVE else tls if setting in _TLS else values)[setting] = parse(raw)
            except (ValueError, OSError) as exc:
                secret = setting in _NOT_SHOWN or (setting == "consul_url" and "@" in raw)  # before it is a password
                shown = "" if secret else f"={raw!r}"
                problems.append(f"{variable}{shown}: {exc.strerror if isinstance(exc, OSError) else exc}")
    # Of two tokens the nearer one holds: an argument, then a file, then the environment.
    nearer = arguments.keys() & _NOT_SHOWN or values.keys() & {"consul_token_file"}
    for farther in _NOT_SHOWN - nearer if nearer else ():
        values.pop(farther, None)
    if live:
        values["live"] = LiveSettings(**live)
    if tls:
        values["consul_tls"] = ConsulTls(**tls)
    values |= arguments
    try:
        values |= _way(values, environ)
    except ValueError as exc:
        problems.append(str(exc))
    return values, problems


def _way(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """How Consul is reached: as its own client would, which is set up by the same variables."""
    url = values.get("consul_url", CONSUL_URL)
    if values.pop("consul_ssl", False):
        if url.startswith("unix:"):
            raise ValueError("CONSUL_HTTP_SSL: a unix socket is not encrypted, unset one of the two")
        # Nothing is sent in the clear where TLS was asked for.
        url = url.replace("http://", "https://")
    known = "consul_proxy" in values or not is_base_url(url)
    return {"consul_url": url} | ({} if known else {"consul_proxy": proxy_for(url, environ)})
