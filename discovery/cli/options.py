"""What several commands take: which Consul, which service, which form of answer. Other packages' commands may too."""

from __future__ import annotations

import os
from threading import Thread
from typing import Any

import click

from discovery.cli.consul import LIMIT_S, Consul
from discovery.cli.text import escape
from discovery.config import MeshConfig
from discovery.variables import consul_url, is_service_name

# How long somebody who pressed Tab is kept waiting at most.
_COMPLETION_S = 0.5


def _url(ctx: click.Context, param: click.Parameter, value: str) -> str:
    try:
        return consul_url(value) if value else ""
    except ValueError as exc:
        raise click.BadParameter(f"{exc}, got {escape(value)!r}") from exc


json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
consul_option = click.option(
    "--consul",
    "url",
    metavar="URL",
    default="",
    callback=_url,
    help="The Consul to ask. Without it: CONSUL_HTTP_ADDR, else http://127.0.0.1:8500. "
    "Token and certificates come from the variables of Consul's own command only.",
)
datacenter_option = click.option("--dc", "datacenter", metavar="NAME", default="", help="Another datacenter's.")


def consul(url: str = "", *, limit_s: float = LIMIT_S) -> Consul:
    """The Consul at *url*, else the one that the environment names.

    Raises:
        ConfigError: when the address or the token's file makes no sense.
    """
    # Those of the mesh are the business of those that serve or call.
    said = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
    return Consul(MeshConfig.from_env("mesh", said, **chosen(url)), limit_s=limit_s)


def chosen(url: str) -> dict[str, Any]:
    """The argument that ``--consul`` amounts to, where it was given."""
    return {"consul_url": url} if url else {}


def complete_service(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Services whose name begins so; none when Consul does not say so at once."""
    found: list[str] = []

    def look() -> None:
        try:
            with consul(ctx.params.get("url") or "") as agent:
                names, _ = agent.names()
        except Exception:  # noqa: BLE001 - there is nobody to tell, in the middle of a line that is being typed
            return
        found.extend(name for name in sorted(names.services) if name.startswith(incomplete) and escape(name) == name)

    # Looking up a host's name takes as long as the system likes, so the wait is bounded, not the work.
    looking = Thread(target=look, daemon=True)
    looking.start()
    looking.join(_COMPLETION_S)
    return list(found)


def _service(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if not is_service_name(value):
        raise click.BadParameter(f"{escape(value)!r} is not the name of a service")
    return value


service_argument = click.argument("service", shell_complete=complete_service, callback=_service)
services_argument = click.argument("services", nargs=-1, metavar="[SERVICE]...", shell_complete=complete_service)
