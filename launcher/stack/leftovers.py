"""What is left of a stack: Compose labels whatever it makes with the project, so nothing has to be remembered."""

from __future__ import annotations

from collections.abc import Mapping

from launcher.stack.engine import Engine

_PROJECT = '{{.Label "com.docker.compose.project"}}'
# How each kind is listed and removed, in the order in which that works: a network with members stays.
_KINDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "containers": (("ps", "--all", "--format", f"{_PROJECT} {{{{.Names}}}}"), ("rm", "--force", "--volumes")),
    "networks": (("network", "ls", "--format", f"{_PROJECT} {{{{.Name}}}}"), ("network", "rm")),
    "volumes": (("volume", "ls", "--format", f"{_PROJECT} {{{{.Name}}}}"), ("volume", "rm", "--force")),
}


async def leftovers(engine: Engine, family: str) -> dict[str, list[str]]:
    """By kind, the names of all that is there of the project *family*, and of all called *family*-something."""
    found = {kind: names_in(await engine.docker(*listed), family) for kind, (listed, _) in _KINDS.items()}
    return {kind: names for kind, names in found.items() if names}


async def clear(engine: Engine, family: str) -> dict[str, list[str]]:
    """Remove all of it, whatever state it is in; the answer is what there was."""
    found = await leftovers(engine, family)
    for kind, (_, removed) in _KINDS.items():
        if names := found.get(kind):
            await engine.docker(*removed, *names)
    return found


def names_in(output: str, family: str) -> list[str]:
    """The names in lines of ``PROJECT NAME``; what is not Compose's has no project there."""
    words = (line.split(" ", 1) for line in output.splitlines())
    return [name for project, name in words if project == family or project.startswith(f"{family}-")]
