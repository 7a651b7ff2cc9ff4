"""The commands that this package adds to `mesh`: the tree of one trace, and the console that shows all of them.

They are known wherever the package is, also where only `mesh` itself was installed with it.
"""

from __future__ import annotations

import click

from discovery.cli.options import chosen, consul_option, json_option
from discovery.cli.requirement import requiring


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


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Where to listen: MESH_PORT, or else 4318; 0: anywhere.")
@consul_option
@json_option
def console(port: int | None, url: str, *, as_json: bool) -> None:
    """Show services, traces and who calls whom.

    Until Ctrl-C: a page for the browser, and the OTLP endpoint that fills it. Services come from Consul; without one,
    all that telemetry tells is shown. It is for whoever started it and not registered, so MESH_CONSOLE_URL tells
    `mesh trace` where it is. With --json: one line that says where it is, once it is there.
    """
    with requiring("proconsul[console]"):
        from observability.terminal import show

    show(as_json=as_json, **chosen(url), **({} if port is None else {"port": port}))
