"""The commands that only this repository has: what they are called, what they take, what they say.

Each loads what it needs when it runs, so that `mesh --help` costs nothing.
"""

from __future__ import annotations

import click

from launcher.options import WithRest, consul_option, json_option, system_option


@click.command()
@click.option("--scale", multiple=True, metavar="SERVICE=N", help="How many instances of a service; repeatable.")
@click.option("--only", multiple=True, metavar="SERVICE,...", help="Start these services and no others.")
@consul_option
@click.option("--gateway-port", default=0, type=click.IntRange(0, 65535), help="Where the gateway listens.")
@click.option("--console-port", default=0, type=click.IntRange(0, 65535), help="Where the console listens.")
@click.option("--detach", is_flag=True, help="Return when all is ready; `mesh down` ends it.")
@json_option
@click.option("--let-go", is_flag=True, hidden=True)
def up(
    scale: tuple[str, ...],
    only: tuple[str, ...],
    consul: str,
    gateway_port: int,
    console_port: int,
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

    In a Consul that others use too (--consul URL), instances of the same service names share their traffic.
    """
    from launcher.local import Options, run_up

    options = Options(
        scale=scale,
        only=only,
        consul=consul,
        gateway_port=gateway_port,
        console_port=console_port,
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


@click.command(cls=WithRest)
@click.argument("names", nargs=-1)
@click.option("--compose", is_flag=True, help="Run those that need the whole stack in containers, and only those.")
@click.pass_obj
def test(rest: list[str], names: tuple[str, ...], *, compose: bool) -> int:
    """Run the tests: all but those in containers, or those of some parts by name.

    A name is a service (ports), a room of the library (policy), a folder of tests (e2e), or `unit`: those that
    need nothing and take seconds. What stands after -- goes to pytest. The end says which real components took
    part; MESH_REQUIRE=consul makes a missing one a failure.

    With --compose the stack of compose.yaml is built, started, tested and removed, on the engine that `docker`
    reaches; where there is none, root on Debian gets one. It says which images are not the real ones.
    """
    if compose:
        from launcher.stack import run_stack_tests

        if names:
            raise click.UsageError("--compose takes no names: all its tests run, or those after --")
        return run_stack_tests(rest)
    from launcher.development import run_tests

    return run_tests(names, rest)


@click.command()
def check() -> int:
    """Check style, types, architecture and the site of the documentation, side by side."""
    import asyncio

    from launcher.development import run_checks

    return asyncio.run(run_checks())


@click.command(cls=WithRest)
@click.argument("name", required=False)
@click.option("--quick", is_flag=True, help="A shorter run: the same rows, less certain.")
@click.option("--json", "as_json", is_flag=True, help="Answer with one line of JSON.")
@click.pass_obj
def bench(rest: list[str], name: str | None, *, quick: bool, as_json: bool) -> int:
    """Measure something, and compare it with its goal. Without a name: what there is to measure.

    What stands after -- goes to the measurement: `calls` is told so which parts of it to run, and beside whom.

    Exits with 0 when every goal was met, with 1 when one was missed, with 2 when it could not run.
    """
    from launcher.development import run_bench

    return run_bench(name, rest, quick=quick, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@click.option("--quick", is_flag=True, help="A shorter run: the same rows, less certain.")
@click.option("--only", multiple=True, metavar="SCENARIO", help="Play this scenario and no other; repeatable.")
@click.option("--envoy", is_flag=True, help="Let Consul's pair of Envoys bear the same faults, for comparison.")
@consul_option
@click.option("--json", "as_json", is_flag=True, help="Answer with one line of JSON.")
def chaos(name: str | None, only: tuple[str, ...], consul: str, *, quick: bool, envoy: bool, as_json: bool) -> int:
    """Break instances under load, and count what is lost. Without a name: what there is to break.

    What a scenario needs and does not find here is told as not run. Exits with 0 when every goal was met, with 1 when
    one was missed, with 2 when nothing could run.
    """
    from launcher.development import run_chaos

    return run_chaos(name, quick=quick, as_json=as_json, only=only, consul=consul, envoy=envoy)


@click.command()
@consul_option
@click.option("--zipkin", default="", metavar="URL", help="Where a Zipkin runs, which gets a picture, too.")
def pictures(consul: str, zipkin: str) -> int:
    """Take the pictures of the documentation anew, for maintainers. Needs Chromium."""
    from launcher.demo import take_pictures

    return take_pictures(consul, zipkin)


@click.command()
@click.option("--port", default=8000, type=click.IntRange(0, 65535), help="Where to serve it, on loopback.")
@click.option("--check", "checking", is_flag=True, help="Serve nothing; say what is wrong.")
@click.option(
    "--build", "folder", default=None, metavar="FOLDER", help="Serve nothing; leave the site in FOLDER, for any server."
)
def docs(port: int, folder: str | None, *, checking: bool) -> int:
    """Serve the documentation as a site, and build it anew whenever a page changes.

    With --check or --build all that is wrong with it is told: a link to nowhere, a page in no navigation, something
    that a browser would fetch from elsewhere. They exit with 1 where there is anything.
    """
    from pathlib import Path

    from launcher.documentation import build_site, check_site, serve_site

    if not checking and folder is None:
        serve_site(port)
        return 0
    problems = check_site() if folder is None else build_site(Path(folder))
    for problem in problems:
        click.echo(f"✗ {problem}")
    return 1 if problems else 0


@click.command()
@click.option("--upgrade", is_flag=True, help="Take the newest versions that pyproject.toml allows.")
def lock(*, upgrade: bool) -> None:
    """Write the locks anew from pyproject.toml, for maintainers: all packages, and each service's part of them.

    Versions stay as they are where they can. Needs uv.
    """
    from launcher.development import write_lock

    click.echo(f"wrote {write_lock(upgrade=upgrade)} and its part for each service")


@click.group()
def api() -> None:
    """The APIs of the services, as their documents say them."""


@api.command()
@click.argument("service")
@click.argument("other", required=False, default="")
@click.option("--write", is_flag=True, help="Renew services/SERVICE/openapi.json, which is the published document.")
@json_option
def diff(service: str, other: str, *, write: bool, as_json: bool) -> int:
    """Say what the API of SERVICE in this checkout changes for who uses OTHER, and what of it breaks them.

    OTHER is a file or a URL, like http://127.0.0.1:5001/openapi.json; without it, the document that was published.
    Exits with 0 when nothing breaks, with 1 when something does.
    """
    from launcher.api import run_diff

    return run_diff(service, other, write=write, as_json=as_json)


ALL = (api, bench, chaos, check, demo, docs, down, lock, pictures, scale, test, up)
