"""The library's own commands: what they are called, what they take, what they say.

Each loads what it needs when it runs, so that `mesh --help` and Tab cost nothing.
"""

from __future__ import annotations

import click

from discovery.cli.options import (
    chosen,
    consul,
    consul_option,
    datacenter_option,
    json_option,
    service_argument,
    services_argument,
)


@click.command()
@services_argument
@consul_option
@json_option
def ps(services: tuple[str, ...], url: str, *, as_json: bool) -> int:
    """List services and their instances.

    Address, health, weight, version, node, and what the checks say that do not pass. Exits with 1 when one of those
    that were named is not registered.
    """
    from discovery.cli.ps import ps

    with consul(url) as agent:
        return ps(agent, services, as_json=as_json)


@click.command()
@service_argument
@datacenter_option
@consul_option
@json_option
def resolve(service: str, datacenter: str, url: str, *, as_json: bool) -> int:
    """Show who may be sent a call, and who not.

    Each with its share of the calls, or the reason why it gets none. Exits with 1 when there is nobody.
    """
    from discovery.cli.resolve import resolve

    with consul(url) as agent:
        return resolve(agent, service, datacenter, as_json=as_json)


@click.command()
@service_argument
@datacenter_option
@consul_option
@json_option
def watch(service: str, datacenter: str, url: str, *, as_json: bool) -> None:
    """Show who is there, then every change.

    Until Ctrl-C: + added, - left, ~ turned. Goes on when Consul goes away, and says so. With --json: a line for each.
    """
    from discovery.cli.watch import Watch

    with consul(url) as agent:
        following = Watch(agent, service, datacenter, as_json=as_json)
        following.begin()

        # Only now: the clock brings an event loop with it.
        from random import Random
        from threading import Event

        from discovery.clock import SystemClock

        following.follow(SystemClock(), Event().wait, Random())


@click.command()
@service_argument
@click.argument("path")
@click.option("-X", "--request", "method", metavar="METHOD", default="", help="GET; with -d, POST.")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header; repeatable.")
@click.option("-d", "--data", metavar="DATA|@FILE", help="A body, JSON unless -H says otherwise; @- is the input.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), help="Seconds for all of it.")
@click.option("-i", "--include", is_flag=True, help="Begin with the status and the headers of the answer.")
@datacenter_option
@consul_option
@json_option
def call(
    service: str,
    path: str,
    method: str,
    headers: tuple[str, ...],
    data: str | None,
    timeout_s: float | None,
    datacenter: str,
    url: str,
    *,
    include: bool,
    as_json: bool,
) -> int:
    """Call a service as the library does.

    It resolves, balances and retries. The body goes to the standard output; each attempt, and the id of the trace, go
    to the standard error. Exits with 0 for a status below 400, with 1 for another or when no answer came, with 2 when
    there was nobody to ask.
    """
    from discovery.cli.request import Wanted

    wanted = Wanted.of(service, datacenter, path, method=method, headers=headers, data=data, timeout_s=timeout_s)
    click.echo(wanted.line, err=True)

    # Only now: half a second, with aiohttp in it.
    from discovery.cli.call import call

    return call(wanted, chosen(url), include=include, as_json=as_json)


@click.command()
@consul_option
@json_option
def doctor(url: str, *, as_json: bool) -> int:
    """Look for what is wrong, and say what to do.

    Between here, Consul, the services and the collector. Changes nothing. Exits with 1 when it found a problem.
    """
    from discovery.cli.doctor.command import doctor

    return doctor(url, as_json=as_json)


@click.command()
@click.argument("name")
@json_option
def new(name: str, *, as_json: bool) -> int:
    """Write a project to begin with, into a folder NAME.

    Two services, one of which calls the other, a test of both, settings, a compose file with Consul, and a README.md
    that says how to run them and see what they do. Exits with 2 when nothing was written: for a name that cannot be
    one, or a folder that is there already, which is not touched.
    """
    from discovery.cli.new.command import new

    return new(name, as_json=as_json)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes Tab complete.

    Commands, options and services are completed. For bash: eval "$(mesh completion bash)" in ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    if found := get_completion_class(shell):
        click.echo(found(ctx.find_root().command, {}, "mesh", "_MESH_COMPLETE").source())
