"""A picture of the ways of calling: how many calls each makes for the processor time of one call of a plain session."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from statistics import median
from typing import Any

from benchmarks.calls.doors import DOORS, PLAIN

_WIDTH, _LEFT, _RIGHT = 900, 330, 60
_TOP, _BAR, _STEP = 64, 20, 30
# Light behind it, so that it can be read on a dark page as well.
_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="{label}">
  <style>
    .ours {{ fill: #0369a1 }} .plain {{ fill: #64748b }} .other {{ fill: #b45309 }}
    .one {{ stroke: #0f172a; stroke-width: 1; stroke-dasharray: 4 4 }}
    .value {{ stroke: #f8fafc; stroke-width: 4; paint-order: stroke }}
    text {{ fill: #0f172a }} .small {{ font-size: 12px; fill: #334155 }}
  </style>
  <rect width="{width}" height="{height}" fill="#f8fafc"/>
  <text x="16" y="28" font-weight="600">Calls for the processor time of one plain call: more is cheaper</text>
  <text class="small" x="16" y="46">{load}</text>
  <line class="one" x1="{one}" y1="{top}" x2="{one}" y2="{bottom}"/>
"""
_LINE = """\
  <text x="{left}" y="{text}" text-anchor="end">{what}</text>
  <rect class="{kind}" x="{bar}" y="{top}" width="{width}" height="{height}" rx="3"/>
  <text class="value" x="{value}" y="{text}">{ratio:.2f}</text>
"""


def picture(figures: Mapping[str, Any]) -> str:
    """The picture as SVG: a bar for each way of calling, the median over all cells."""
    ratios: dict[str, list[float]] = {}
    whats: dict[str, str] = {}
    for cell in figures["details"]["clients"]:
        ratios.setdefault(cell["name"], []).append(cell["cpu"])
        whats[cell["name"]] = cell["what"]
    bars = {name: median(values) for name, values in ratios.items()}
    scale = (_WIDTH - _LEFT - _RIGHT) / max(1.0, *bars.values())
    height = _TOP + _STEP * len(bars) + 16
    label = "; ".join(f"{whats[name]}: {ratio:.2f}" for name, ratio in bars.items())
    drawn = _HEAD.format(
        width=_WIDTH,
        height=height,
        label=escape(label),
        load=escape(figures["load"]),
        one=_LEFT + round(scale),
        top=_TOP - 8,
        bottom=height - 12,
    )
    for number, (name, ratio) in enumerate(bars.items()):
        top, width = _TOP + number * _STEP, round(ratio * scale)
        drawn += _LINE.format(
            left=_LEFT - 10,
            text=top + 15,
            what=escape(whats[name]),
            kind=_kind(name),
            bar=_LEFT,
            top=top,
            width=width,
            height=_BAR,
            value=_LEFT + width + 8,
            ratio=ratio,
        )
    return f"{drawn}</svg>\n"


def _kind(name: str) -> str:
    if name in {PLAIN, "empty-middleware"}:
        return "plain"
    return "ours" if name in DOORS else "other"
