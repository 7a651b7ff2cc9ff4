"""The commands that start the sample system, act on it and show it: their names, what they take, what they say.

Each loads what it needs when it runs, so that `mesh --help` costs nothing.
"""

from __future__ import annotations

import click

from launcher.options import consul_option, json_option, system_option


@click.command()
@click.option("--scale", multiple=True, metavar="SERVICE=N", help="How many instances of a service; repeatable.")
@click.option("--only", multiple=True, metavar="SERVICE,...", help="Start these services and no others.")
@consul_option
@click.option("--gateway-port", default=0, type=click.IntRange(0, 65535), help="Where the gateway listens.")
@click.option("--console-port", default=0, type=click.IntRange(0, 65535), help="Where the console listens.")
@click.option("--customers", default=0, type=click.IntRange(0, 50), metavar="N", help="So many who shop, all the time.")
@click.option("--detach", is_flag=True, help="Return when all is ready; `mesh down` ends it.")
@json_option
@click.option("--let-go", is_flag=True, hidden=True)
def up(
    scale: tuple[str, ...],
    only: tuple[str, ...],
    consul: str,
    gateway_port: int,
    console_port: int,
    customers: int,
    *,
    detach: bool,
    as_json: bool,
    let_go: bool,
) -> int:
    """Start the sample system on this machine.

    A Consul, the console, the gateway with the shop behind it, and the services that it is made of, each instance
    its own process. All report to the console, unless OTEL_EXPORTER_OTLP_ENDPOINT names a collector. Ctrl-C lets
    all of them finish what is in flight and leave; a second Ctrl-C ends them at once. Exits with 0 when it was stopped
    after it was ready, with 130 when before.

    Customers (--customers 3) are programs that use the shop as people do: they look around, sign up, log in and buy,
    the less often the longer a page takes.

    In a Consul that others use too (--consul URL), instances of the same service names share their traffic.
    """
    from launcher.local import Options, run_up

    options = Options(
        scale=scale,
        only=only,
        consul=consul,
        gateway_port=gateway_port,
        console_port=console_port,
        customers=customers,
        as_json=as_json,
        letting_go=let_go,
    )
    if detach:
        from launcher.remote import detached

        return detached(options)
    return run_up(options)


@click.command()
@system_option
def down(system: str) -> None:
    """End a system that runs in the background or in another terminal."""
    import asyncio

    from discovery.clock import SystemClock
    from launcher.remote import end_system

    click.echo(f"ended {asyncio.run(end_system(system, SystemClock()))}")


@click.command()
@click.argument("counts", nargs=-1, required=True, metavar="SERVICE=N...")
@system_option
def scale(counts: tuple[str, ...], system: str) -> None:
    """Change how many instances of a service run. Those that are too many finish what is in flight first."""
    import asyncio

    from rich.console import Console

    from launcher.local import instance_table
    from launcher.remote import scale_system

    Console().print(instance_table(asyncio.run(scale_system(system, counts))))


@click.command()
@click.argument("email", default="staff@example.com")
@system_option
@json_option
def staff(email: str, system: str, *, as_json: bool) -> None:
    """Make an account that may write, and say how it logs in.

    A stranger who signs up at the gateway is a customer. This one is staff: it may add, change and delete. Its
    password is made by chance and told here alone; the account ends with the system.
    """
    import asyncio

    from launcher.remote import staff_of, told_staff

    click.echo(told_staff(asyncio.run(staff_of(system, email)), as_json=as_json))


@click.command()
@consul_option
@click.option("--json", "as_json", is_flag=True, help="Answer with the figures, as one line of JSON.")
def demo(consul: str, *, as_json: bool) -> int:
    """Start the system, use it, kill an instance under load, and show who noticed.

    The load is about half of what this machine bears, and is sent without a kill first, for comparison. Takes half a
    minute, or more than one on a busy machine, and cleans up after itself. A request that ran out of time because the
    machine was too slow is told, and is no failure of the mesh. Exits with 0 when every step held, with 1 when one did
    not, with 2 when this machine was too busy to tell.
    """
    from launcher.demo import run_demo

    return run_demo(consul, as_json=as_json)


@click.command()
@consul_option
@click.option("--zipkin", default="", metavar="URL", help="Where a Zipkin runs, which gets a picture, too.")
@click.option("--only", multiple=True, metavar="SCENARIO", help="Those of this scenario and no others; repeatable.")
def pictures(consul: str, zipkin: str, only: tuple[str, ...]) -> int:
    """Take the pictures of the documentation anew, for maintainers. Needs Chromium."""
    from launcher.demo import take_pictures

    return take_pictures(consul, zipkin, only)


@click.command()
@click.argument("name", required=False, default="")
@click.option("--seconds", type=click.FloatRange(0, 86_400), help="Mend it so long after it shows.")
@system_option
@json_option
def scenario(name: str, system: str, *, seconds: float | None, as_json: bool) -> int:
    """Break something in a running system, say where that is to be seen, and mend it. Without a name: what there is.

    It looks itself until it shows, and after it was mended until it is gone. It is mended by Enter, by Ctrl-C, when the
    terminal closes, or after --seconds. What one that was killed left broken, `mesh scenario heal` mends.

    Exits with 0 when it showed and was gone again, with 1 when not or when it could not be broken, with 2 when there is
    no system that has what it needs.
    """
    from launcher.scenario import SCENARIOS, heal_all, list_scenarios, run_scenario

    if not name:
        click.echo(list_scenarios(as_json=as_json))
        return 0
    if name == "heal":
        import asyncio

        click.echo(asyncio.run(heal_all(system)))
        return 0
    if name not in SCENARIOS:
        raise click.UsageError(f"there is no scenario {name!r}; there are {', '.join(SCENARIOS)}, and heal")
    return run_scenario(name, system, seconds=seconds, as_json=as_json)


ALL = (demo, down, pictures, scale, scenario, staff, up)
