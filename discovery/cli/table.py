"""Rows in columns. A library for tables takes a quarter of the time in which a command should answer to load."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from shutil import get_terminal_size
from unicodedata import combining, east_asian_width

import click

from discovery.cli.text import colourful

_GAP = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """A text on one line; *colour*, *bold* and *dim* show only where colours are seen."""

    text: str
    colour: str | None = None
    bold: bool = False
    dim: bool = False
    right: bool = False

    @property
    def width(self) -> int:
        """How many columns of a terminal it takes."""
        return sum(map(_width, self.text))


def lines(rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """The rows as lines; on a terminal none is longer than it is wide, elsewhere each goes whole."""
    most = get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    widths = [max(cell.width for cell in column) for column in zip(*rows, strict=True)]
    painted = colourful()
    for row in rows:
        left, line = most, ""
        for cell, width in zip(row, widths, strict=True):
            if left <= 0:
                break
            text = _cut(cell.text, left)
            shown = click.style(text, fg=cell.colour, bold=cell.bold or None, dim=cell.dim or None)
            pad = " " * min(width - cell.width, left - 1)
            said = shown if painted and text else text
            line += (pad + said if cell.right else said + pad) + " " * _GAP
            left -= width + _GAP
        yield line.rstrip()


def _cut(text: str, most: int) -> str:
    if sum(map(_width, text)) <= most:
        return text
    kept = ""
    for character in text:
        most -= _width(character)
        if most < 1:
            break
        kept += character
    return f"{kept}…"


def _width(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
