"""The parts of a page that programs write: each stands between two marks, of which the first names its command."""

from __future__ import annotations

from collections.abc import Iterable

_END = "<!-- to here -->"


def part(command: str, lines: Iterable[str]) -> str:
    """What *command* writes, marks included."""
    return "\n".join([f"<!-- what `{command}` writes -->", "", *lines, "", _END])


def replaced(page: str, written: str) -> str:
    """The *page* with that part in the place of the one which the same command wrote before."""
    begin, _, _ = written.partition("\n")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(_END)
    return f"{before}{written}{after}"
