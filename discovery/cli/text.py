"""What strangers said, made fit for a terminal; and colours, where somebody looks who wants them."""

from __future__ import annotations

import os
import re
import sys

import click

from discovery.model import Health

# Whatever could start a line of its own, move the cursor, or turn the direction of writing round.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

# A line of a check's output that is longer says nothing more.
_LINE_MAX = 160

COLOURS = {Health.PASSING: "green", Health.WARNING: "yellow", Health.CRITICAL: "red"}


def escape(text: str) -> str:
    r"""*text* on one line: every control character becomes its ``\x`` or ``\u`` escape."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def clip(text: str, limit: int = _LINE_MAX) -> str:
    """*text* on one line of at most *limit* characters, its white space gathered."""
    line = escape(" ".join(text[: 4 * limit].split()))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def colourful() -> bool:
    """Whether the standard output is a terminal, and NO_COLOR (no-color.org) does not forbid it."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, colour: str) -> str:
    """*text* in a colour, where colours are seen."""
    return click.style(text, fg=colour) if colourful() else text
