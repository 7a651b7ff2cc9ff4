"""What a run is asked for, by the words after ``--``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from launcher.development import CannotRun

PARTS = ("clients", "servers", "gateway", "directory")
LOOPS = ("asyncio", "uvloop")


@dataclass(frozen=True, slots=True)
class Options:
    """``peers`` adds other libraries and sidecars; ``publish`` writes result, picture and page; ``profile`` a profile
    in place of the run.
    """

    parts: tuple[str, ...] = PARTS
    peers: bool = False
    loop: str = LOOPS[0]
    publish: bool = False
    profile: bool = False


def parse(words: Sequence[str]) -> Options:
    """Take the words apart.

    Raises:
        CannotRun: for words that mean nothing here.
    """
    parser = argparse.ArgumentParser(prog="./mesh bench calls --", exit_on_error=False, add_help=False)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--loop", choices=LOOPS, default=LOOPS[0])
    for flag in ("--peers", "--publish", "--profile"):
        parser.add_argument(flag, action="store_true")
    try:
        found, unknown = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise CannotRun(str(error)) from None
    unknown += [part for part in found.parts if part not in PARTS]
    if unknown:
        raise CannotRun(f"what is {unknown[0]!r}? There are {', '.join(PARTS)}; --peers, --loop, --publish, --profile")
    return Options(tuple(found.parts) or PARTS, found.peers, found.loop, found.publish, found.profile)
