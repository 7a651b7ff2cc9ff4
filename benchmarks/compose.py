"""The system in containers: how long until it is there, how much it is, and who notices when a part of it is lost."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Awaitable, Mapping
from pathlib import Path
from random import Random

import click

from benchmarks.losses import CLUSTER_LOSSES, LOSSES, PAGE_RATE, RATE, rows
from discovery.clock import Clock, SystemClock
from launcher.development import CannotRun, Report, Row
from launcher.plan import ROOT, SYSTEM
from launcher.stack import Engine, EngineUnusable, Stack, find_engine, missing, new_project, stand_ins

_STARTS, _QUICK_STARTS = 3, 1
_BUILDS, _QUICK_BUILDS = 3, 1
_NOTHING_S = 90.0
_UP_S = 30.0
_REBUILD_S = 5.0
_SIZE_MB = 200.0
_BUILD_LIMIT_S = 300.0
# What an image is made of.
_CODE = ("discovery", "observability", "services")
_CLUSTER = (".env", "consul/cluster/compose.env")


def run(*, quick: bool) -> Report:
    """Measure the stack of compose.yaml on the engine that `docker` reaches.

    All that it starts is removed. Our images are removed and built anew under their usual names, and stay.
    """
    return asyncio.run(_report(SystemClock(), quick=quick))


async def _report(clock: Clock, *, quick: bool) -> Report:
    try:
        engine = await find_engine(os.environ, clock)
    except EngineUnusable as exc:
        raise CannotRun(str(exc)) from None
    project = new_project(Random())
    async with Stack(engine, project, tell=_tell) as stack:
        images = await stack.images()
        if absent := await missing(engine, images):
            raise CannotRun(f"these images are not here: {', '.join(absent)}; `mesh test --compose` gets them")
        # So that BuildKit has the packages: fetching them measures somebody else.
        await stack.build()
        found = await _starts(stack, clock, times=_QUICK_STARTS if quick else _STARTS)
        found += await _sizes(engine)
        found.append(await _rebuild(engine, project, clock, times=_QUICK_BUILDS if quick else _BUILDS))
        found += await rows(stack, LOSSES, clock, quick=quick)
    found += await _cluster(engine, f"{project}-cluster", clock, quick=quick)
    return Report(
        name="compose",
        rows=found,
        load=(
            f"{RATE:g} GETs of laptops a second (of the shop's pages {PAGE_RATE:g}) through the gateway, open loop: "
            "p99 from the strike to the healing, failures from the strike until all is whole"
        ),
        versions=await _versions(engine, images),
    )


async def _starts(stack: Stack, clock: Clock, *, times: int) -> list[Row]:
    """How long one waits for it; it runs afterwards. The project is new, so all there is of it are the images."""
    await stack.engine.docker("image", "rm", "--force", *(f"{service}-service" for service in SYSTEM))
    nothing_s = round(await _took_s(clock, stack.build()) + await _took_s(clock, stack.up()), 1)
    took = []
    for _ in range(times):
        await stack.down()
        took.append(await _took_s(clock, stack.up()))
    up_s = statistics.median(took)
    return [
        Row(
            "from nothing until all is healthy, ours built from cached packages",
            nothing_s,
            "s",
            *_at_most(nothing_s, _NOTHING_S, "s"),
        ),
        Row("docker compose up --wait", up_s, "s", *_at_most(up_s, _UP_S, "s")),
    ]


async def _sizes(engine: Engine) -> list[Row]:
    found = []
    for service in SYSTEM:
        size = await engine.docker("image", "inspect", "--format", "{{.Size}}", f"{service}-service")
        megabytes = round(int(size) / 1e6)
        found.append(Row(f"image of {service}", megabytes, "MB", *_at_most(megabytes, _SIZE_MB, "MB")))
    return found


async def _rebuild(engine: Engine, project: str, clock: Clock, *, times: int) -> Row:
    """In a copy, since others may work in the original."""
    tag = f"{project}-rebuilt"
    words = ("buildx", "build", "--target", "laptops-service", "--tag", tag, "--load", "--quiet", ".")
    took = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        await asyncio.to_thread(_copy_code, copy)
        changed = copy / "services" / "laptops" / "app.py"
        try:
            await engine.docker(*words, folder=copy, limit_s=_BUILD_LIMIT_S)
            for number in range(times):
                with changed.open("a", encoding="utf-8") as file:
                    # With the project's name, or a second run would find the first one's layers.
                    file.write(f"\nCHANGED = {f'{project} {number}'!r}\n")
                took.append(await _took_s(clock, engine.docker(*words, folder=copy, limit_s=_BUILD_LIMIT_S)))
        finally:
            await engine.docker("image", "rm", "--force", tag)
    median_s = statistics.median(took)
    return Row("an image after a change of code", median_s, "s", *_at_most(median_s, _REBUILD_S, "s"))


def _copy_code(copy: Path) -> None:
    for name in _CODE:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(ROOT / name, copy)


async def _cluster(engine: Engine, project: str, clock: Clock, *, quick: bool) -> list[Row]:
    """The same with three Consul servers, access control and TLS."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"SECRETS": folder}
        async with Stack(engine, project, tell=_tell, env_files=_CLUSTER, variables=variables) as stack:
            await stack.run("make-secrets")
            up_s = await _took_s(clock, stack.up())
            token = await asyncio.to_thread((Path(folder) / "console.token").read_text)
            measured = await rows(stack, CLUSTER_LOSSES, clock, quick=quick, token=token.strip())
    return [Row("docker compose up --wait, with three Consul servers", up_s, "s"), *measured]


async def _versions(engine: Engine, images: list[str]) -> Mapping[str, str]:
    """The engine, and each image that is not ours: itself, or what stands in for it."""
    server = json.loads(await engine.docker("version", "--format", "{{json .Server}}"))
    instead = {each.image: f"stood in for by {each.program}" for each in await stand_ins(engine, images)}
    return {
        "docker": str(server["Version"]),
        "compose": (await engine.compose("version", "--short")).strip(),
        **{image: instead.get(image, "itself") for image in images},
    }


async def _took_s(clock: Clock, work: Awaitable[object]) -> float:
    began = clock.now()
    await work
    return round(clock.now() - began, 1)


def _at_most(value: float, goal: float, unit: str) -> tuple[str, bool]:
    return f"<= {goal:g} {unit}", value <= goal


def _tell(sentence: str) -> None:
    click.echo(f"mesh: {sentence}", err=True)
