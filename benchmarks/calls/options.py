"""What a run is asked for, by the words after ``--``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.calls.doors import DOORS
from benchmarks.calls.elsewhere import COMMAND, figures_of
from launcher.development import CannotRun

PARTS = ("clients", "servers", "ends", "directory")
LOOPS = ("asyncio", "uvloop")


@dataclass(frozen=True, slots=True)
class Options:
    """``peers`` adds other libraries and sidecars; ``publish`` writes the result, its picture and its page.

    ``profile`` names a way of calling, which is profiled in place of the run.
    """

    parts: tuple[str, ...] = PARTS
    peers: bool = False
    loop: str = LOOPS[0]
    publish: bool = False
    profile: str = ""


def parse(words: Sequence[str]) -> Options:
    """Take the words apart.

    Raises:
        CannotRun: for words that mean nothing here.
    """
    parser = argparse.ArgumentParser(exit_on_error=False, add_help=False)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--loop", choices=LOOPS, default=LOOPS[0])
    parser.add_argument("--profile", choices=tuple(DOORS), default="")
    for flag in ("--peers", "--publish"):
        parser.add_argument(flag, action="store_true")
    try:
        found, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise CannotRun(str(error)) from None
    unknown += [part for part in found.parts if part not in PARTS]
    if unknown:
        raise CannotRun(f"what is {unknown[0]}? There are {', '.join(PARTS)}; --peers, --loop, --publish, --profile")
    wanted = () if figures_of(found.loop) is None else (PARTS[0],)
    if found.publish and tuple(found.parts) != wanted:
        raise CannotRun(
            "what is published is the whole, on asyncio by the oldest Python; elsewhere it is "
            f"that of clients: {COMMAND} --loop uvloop"
        )
    return Options(tuple(found.parts) or PARTS, found.peers, found.loop, found.publish, found.profile)
