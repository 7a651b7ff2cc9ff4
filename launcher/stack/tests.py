"""`mesh test --compose`: the tests that need the whole stack in containers, and what they need before and after."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from random import Random

import click

from discovery.clock import Clock, SystemClock
from discovery.errors import ConfigError
from launcher.development import run_pytest
from launcher.plan import ROOT
from launcher.stack.engine import Engine, find_engine
from launcher.stack.failures import EngineUnusable
from launcher.stack.images import STANDS_IN_FOR, StandIn, missing, pull, stand_ins
from launcher.stack.leftovers import clear
from launcher.stack.stack import Stack, new_project

_TESTS = ROOT / "tests" / "compose"
# Seconds. What stands in was refused once; where that is still so, nobody should wait long to hear it.
_AGAIN_S = 30.0


def run_stack_tests(rest: Sequence[str]) -> int:
    """Run them on an engine that is there, or is made for it; the exit code is ``mesh``'s.

    All that the tests make belongs to one family of projects, of which nothing is left when this returns.

    Raises:
        ConfigError: when there is no engine, or an image cannot be had.
        DockerFailed: when the engine did not do what it was asked.
    """
    clock, family = SystemClock(), new_project(Random())
    environ = environment(os.environ, clock)
    engine, instead = asyncio.run(prepare(environ, family, clock))
    notes = [str(each) for each in instead] or ["every image is the real one"]
    _say(*notes)
    required = ",".join(filter(None, (environ.get("MESH_REQUIRE"), "engine")))
    try:
        code = run_pytest([pytest_arguments(rest)], {**environ, "MESH_REQUIRE": required, "MESH_STACK": family})
    finally:
        if left := asyncio.run(clear(engine, family)):
            _say(f"removed what was left: {', '.join(name for names in left.values() for name in names)}")
    _say(*notes)
    if instead:
        found = f"docker image ls -q --filter label={STANDS_IN_FOR}"
        _say(f"`docker image rm $({found})` removes what stands in, and our images that are made from it")
    return code


def pytest_arguments(rest: Sequence[str]) -> list[str]:
    """All tests of the stack, unless *rest* names some."""
    named = any((ROOT / word.partition("::")[0]).exists() for word in rest if not word.startswith("-"))
    return [*([] if named else [str(_TESTS)]), *rest]


def environment(environ: Mapping[str, str], clock: Clock) -> Mapping[str, str]:
    """One in which an engine answers: the one that is there, else what .ci/engine gives, which says what that is.

    Raises:
        EngineUnusable: when there is none and none can be made.
    """
    try:
        asyncio.run(find_engine(environ, clock))
    except EngineUnusable as exc:
        unusable = exc
    else:
        return environ
    if shutil.which("apt-get", path=environ.get("PATH", "")) is None:
        raise unusable
    made = subprocess.run([ROOT / ".ci" / "engine"], env=environ, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own script
    if made.returncode:
        raise unusable
    return {**environ, **exports_in(made.stdout)}


def exports_in(script: str) -> dict[str, str]:
    """The variables in a shell's lines of ``export NAME=VALUE``."""
    words = (shlex.split(line) for line in script.splitlines() if line.startswith("export "))
    return dict(word.split("=", 1) for _, word in words)


async def prepare(environ: Mapping[str, str], family: str, clock: Clock) -> tuple[Engine, list[StandIn]]:
    """Have all images; the answer is the engine and those of them that are not the real ones.

    What stands in has the real one's name, so that nobody else would ever ask for that again.

    Raises:
        ConfigError: when an image can neither be pulled nor be stood in for.
    """
    engine = await find_engine(environ, clock)
    images = await Stack(engine, family, tell=_say, profiles=("cluster", "rabbitmq")).images()
    absent = await missing(engine, images)
    if instead := await stand_ins(engine, [image for image in images if image not in absent]):
        _say(f"trying again to pull {', '.join(each.image for each in instead)}")
        await pull(engine, [each.image for each in instead], limit_s=_AGAIN_S)
    if absent:
        _say(f"pulling {', '.join(absent)}")
        if refused := await pull(engine, absent):
            await _stand_in(environ, refused)
    return engine, await stand_ins(engine, images)


async def _stand_in(environ: Mapping[str, str], refused: Mapping[str, Exception]) -> None:
    for exc in refused.values():
        _say(str(exc))
    _say("building stand-ins for what cannot be pulled")
    process = await asyncio.create_subprocess_exec(ROOT / ".ci" / "stand-ins", *refused, env=environ)
    if await process.wait():
        raise ConfigError(
            f"these images can neither be pulled nor be stood in for: {', '.join(refused)}; pull them where a registry "
            "can be reached (docker save, docker load), or name others in the variables of .env"
        )


def _say(*sentences: str) -> None:
    for sentence in sentences:
        click.echo(f"mesh: {sentence}", err=True)
