"""The variables of this process: those that make no sense, and those that nobody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from discovery.cli.doctor.finding import Finding, ok, problem, warning
from discovery.config import MeshConfig
from discovery.consul_tls import ConsulTls
from discovery.errors import ConfigError
from discovery.variables import VARIABLES

_ID = "settings"
_TLS = frozenset(setting.name for setting in fields(ConsulTls))

# Consul's own command reads these, and we do not.
_NOT_READ = {
    "CONSUL_HTTP_AUTH": "put nothing before Consul that asks for a password; it has tokens",
}


def judge_settings(environ: Mapping[str, str], arguments: Mapping[str, Any]) -> list[Finding]:
    """Read the environment as the library would; *arguments* beat it."""
    found: list[Finding] = []
    try:
        MeshConfig.from_env("mesh", environ, **arguments)
    except ConfigError as exc:
        found += [problem(_ID, each, "correct it, or unset it: then the default holds") for each in exc.problems]
    for name in sorted(environ):
        if name in _NOT_READ:
            found.append(warning(_ID, f"{name} is set, and not read by the library", _NOT_READ[name]))
        elif name not in VARIABLES and name.startswith("MESH_") and (near := _meant(name)):
            found.append(warning(_ID, f"{name} is set, and means nothing", f"did you mean {near}?"))
    if environ.get("CONSUL_HTTP_TOKEN") and environ.get("CONSUL_HTTP_TOKEN_FILE"):
        found.append(warning(_ID, "CONSUL_HTTP_TOKEN_FILE beats CONSUL_HTTP_TOKEN, and both are set", "unset one"))
    found += _about_tls(environ, arguments)
    if environ.get("MESH_STATIC"):
        text = "MESH_STATIC is set: the library asks no registry, whatever is found below"
        found.append(warning(_ID, text, "unset it to go through Consul"))
    return found or [ok(_ID, "the variables make sense")]


def _about_tls(environ: Mapping[str, str], arguments: Mapping[str, Any]) -> list[Finding]:
    """What is said of TLS and has no effect, or a bad one."""
    try:
        config = MeshConfig.from_env("mesh", environ, **arguments)
    except ConfigError:  # said already
        return []
    if not config.consul_url.startswith("https:"):
        said = [name for name, (setting, _) in VARIABLES.items() if setting in _TLS and environ.get(name)]
        text = f"{', '.join(said)} has no effect, since Consul is at {config.consul_url.partition(':')[0]}://"
        return [warning(_ID, text, "begin CONSUL_HTTP_ADDR with https://, or set CONSUL_HTTP_SSL=true")] if said else []
    if not config.consul_tls.verify:
        text = "CONSUL_HTTP_SSL_VERIFY is off: whoever answers is believed, and told the token"
        return [warning(_ID, text, "name the CA of the agent's certificate in CONSUL_CACERT instead")]
    return []


def _meant(name: str) -> str:
    """A variable that is spelt almost so."""
    return next(iter(get_close_matches(name, VARIABLES, n=1, cutoff=0.85)), "")
