"""The command that this package adds to `mesh`: the tree of one trace, from a console or a Jaeger."""

from __future__ import annotations

import click

from discovery.cli.options import consul_option, json_option


@click.command()
@click.argument("trace_id", metavar="ID")
@click.option("--from", "source", metavar="URL", default="", help="A console, or a Jaeger's query address.")
@consul_option
@json_option
def trace(trace_id: str, source: str, url: str, *, as_json: bool) -> int:
    """Print a trace as a tree.

    Who called whom, each attempt, and what it came to. It is read from --from, else from MESH_CONSOLE_URL, else from
    the service `console` in Consul; a trace that is not there yet is waited for, three seconds at most. Exits with 1
    when there is none.
    """
    from threading import Event

    from observability.lookup import console_url, normal, show

    wanted = normal(trace_id)
    return show(wanted, console_url(source, url), Event().wait, as_json=as_json)
