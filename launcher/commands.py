"""The commands that only this repository has: what they are called, what they take, what they say.

Each loads what it needs when it runs, so that `mesh --help` costs nothing.
"""

from __future__ import annotations

import click

from launcher import system_commands
from launcher.options import WithRest, consul_option, json_option


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


ALL = (*system_commands.ALL, api, bench, chaos, check, docs, lock, test)
