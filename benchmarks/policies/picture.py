"""A picture of the balancers side by side: how long calls take by each, at each load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from math import floor, log10
from typing import Any

OURS = "ours"

_WIDTH, _LEFT, _RIGHT = 900, 190, 40
_TOP, _HEAD_ROOM, _STEP, _GAP = 84, 28, 24, 14
# Of a power of ten, what is left to the right of the longest time.
_BEYOND = 0.05
# Light behind it, so that it can be read on a dark page as well.
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="{label}">
  <style>
    .ours {{ fill: #0369a1; stroke: #0369a1 }} .other {{ fill: #b45309; stroke: #b45309 }}
    .grid {{ stroke: #cbd5e1; stroke-width: 1 }} .key {{ fill: #334155; stroke: #334155 }}
    .last {{ fill: #f8fafc; stroke-width: 2 }}
    line.ours, line.other {{ stroke-width: 3; stroke-opacity: 0.35 }}
    text {{ fill: #0f172a }} .small {{ font-size: 12px; fill: #334155 }} .load {{ font-weight: 600 }}
  </style>
  <rect width="{width}" height="{height}" fill="#f8fafc"/>
  <text x="16" y="28" font-weight="600">How long calls take, by balancer: further left is faster</text>
  <circle class="key" cx="22" cy="46" r="5"/><text class="small" x="32" y="50">half of them</text>
  <rect class="key" x="122" y="42" width="8" height="8"/><text class="small" x="136" y="50">99 of 100</text>
  <circle class="key last" cx="212" cy="46" r="4.5"/><text class="small" x="222" y="50">999 of 1000</text>
"""
_GRID = """\
  <line class="grid" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>
  <text class="small" x="{x}" y="{above}" text-anchor="middle">{what}</text>
"""
_LOAD = """  <text class="load" x="16" y="{y}">{load:.0%} load</text>
"""
_LINE = """\
  <text x="{left}" y="{text}" text-anchor="end">{what}</text>
  <line class="{kind}" x1="{half}" y1="{y}" x2="{most}" y2="{y}"/>
  <circle class="{kind}" cx="{half}" cy="{y}" r="5"/>
  <rect class="{kind}" x="{corner}" y="{edge}" width="8" height="8"/>
  <circle class="{kind} last" cx="{most}" cy="{y}" r="4.5"/>
"""


def picture(figures: Mapping[str, Any]) -> str:
    """The picture as SVG: a part for each load, a line for each balancer, on a logarithmic scale."""
    played = figures["details"]["balancers"]
    found = [ms for each in played for ms in each["ms"].values()]
    scale = _Scale(min(found), max(found))
    loads = [(load, list(some)) for load, some in groupby(played, key=lambda each: float(each["load"]))]
    bottom = _TOP + sum(_HEAD_ROOM + _STEP * len(some) + _GAP for _, some in loads)
    label = "; ".join(f"{each['name']} at {each['load']:.0%}: {_said(each['ms'])}" for each in played)
    drawn = _HEAD.format(width=_WIDTH, height=bottom + 8, label=escape(label))
    for ms, what in scale.marks():
        drawn += _GRID.format(x=scale.at(ms), top=_TOP, bottom=bottom - 4, above=_TOP - 8, what=what)
    return f"{drawn}{''.join(_parts(loads, scale))}</svg>\n"


class _Scale:
    """Where a time stands, from a power of ten on."""

    def __init__(self, least: float, most: float) -> None:
        self._from, self._to = floor(log10(least)), log10(most) + _BEYOND

    def at(self, ms: float) -> int:
        part = (log10(ms) - self._from) / (self._to - self._from)
        return _LEFT + round(part * (_WIDTH - _LEFT - _RIGHT))

    def marks(self) -> Iterator[tuple[float, str]]:
        for power in range(self._from, floor(self._to) + 1):
            ms = 10.0**power
            yield ms, f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"


def _parts(loads: list[tuple[float, list[Mapping[str, Any]]]], scale: _Scale) -> Iterator[str]:
    top = _TOP
    for load, some in loads:
        yield _LOAD.format(y=top + 18, load=load)
        top += _HEAD_ROOM
        for each in some:
            y = top + _STEP // 2
            half, many, most = (scale.at(each["ms"][part]) for part in ("50", "99", "99.9"))
            yield _LINE.format(
                left=_LEFT - 10,
                text=y + 5,
                what=escape(each["name"]),
                kind="ours" if each["name"] == OURS else "other",
                y=y,
                half=half,
                corner=many - 4,
                edge=y - 4,
                most=most,
            )
            top += _STEP
        top += _GAP


def _said(ms: Mapping[str, float]) -> str:
    return ", ".join(f"p{part} {each:g} ms" for part, each in ms.items())
