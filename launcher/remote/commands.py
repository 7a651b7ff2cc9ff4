"""Commands that act on a system started by another one: `mesh up --detach`, `mesh down`, `mesh scale`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence

from discovery.clock import Clock
from launcher.local import Options, Running, Screen, Summary, end_leftovers, find_system, is_over, running_systems
from launcher.plan import PLACES, parse_scale
from launcher.remote.asking import ControlError, ask

# The whole of leaving is 15 s; the rest is for a busy machine.
_DOWN_S = 25.0
_POLL_S = 0.05


def detached(options: Options) -> int:
    """Start `mesh up` in the background; returns when it is ready, or with its exit code when it never was.

    Until then it shares our terminal, and our Ctrl-C is passed on: it is in a session of its own.
    """
    repeated = [f"--{name}={value}" for name in ("scale", "only") for value in getattr(options, name)]
    ports = [f"--{place}-port={port}" for place, port in options.ports.items()]
    arguments = [*repeated, f"--consul={options.consul}", f"--customers={options.customers}", *ports]
    argv = [sys.executable, "-P", "-m", "launcher.main", "up", "--json", "--let-go", *arguments]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 - ourselves
    while True:
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                return process.wait()
            Screen().answer(_read(line), as_json=options.as_json)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
        else:
            return 0


def _read(line: bytes) -> Summary:
    content = json.loads(line)
    for place in PLACES:
        content.pop(place)
    content["instances"] = [Running(**each, health="passing") for each in content["instances"]]
    return Summary(**content)


async def end_system(system: str, clock: Clock) -> str:
    """End a running system; returns what was ended, when it has.

    Raises:
        ConfigError: when there is none, or no single one.
        ControlError: when it does not end.
    """
    states = running_systems()
    if not states and (orphans := end_leftovers()):
        return f"{orphans} processes that a killed `mesh up` had left"
    state = find_system(system, states)
    await ask(state, "/down", {})
    deadline = clock.now() + _DOWN_S
    while not is_over(state):
        if clock.now() > deadline:
            raise ControlError(f"system {state.id} is still stopping; to end it at once: kill {state.pid}")
        await clock.sleep(_POLL_S)
    return f"system {state.id}"


async def scale_system(system: str, scale: Sequence[str]) -> Sequence[Running]:
    """Change how many instances run; returns all of them when the new ones are healthy and the others have left.

    Raises:
        ConfigError: when there is no such system or service.
        ControlError: when it could not be done.
    """
    counts = parse_scale(scale)
    return [Running(**each) for each in await ask(find_system(system, running_systems()), "/scale", counts)]
