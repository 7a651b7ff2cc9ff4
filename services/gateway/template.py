"""The paths that a document names, such as ``/laptops/{id}``: what they match, and which of two is more exact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# What a path consists of in a document: plain characters, and at most one part in braces to a segment.
_SEGMENT = re.compile(r"([A-Za-z0-9._~!$&'()*+,=:@-]*)(?:\{([A-Za-z0-9_.-]{1,64})\}([A-Za-z0-9._~!$&'()*+,=:@-]*))?")
_MOST_SEGMENTS = 16
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """A literal, or what begins with *before* and ends with *after* and has something between."""

    before: str
    varies: bool
    after: str

    def matches(self, text: str) -> bool:
        """Whether *text*, decoded, is one."""
        if not self.varies:
            return text == self.before
        longer = len(text) > len(self.before) + len(self.after)
        return longer and text.startswith(self.before) and text.endswith(self.after)

    def within(self, other: Segment) -> bool:
        """Whether all that it matches is matched by *other*, too."""
        if not other.varies:
            return self == other
        if not self.varies:
            return other.matches(self.before)
        return self.before.startswith(other.before) and self.after.endswith(other.after)


@dataclass(frozen=True, slots=True)
class Template:
    """A path, segment by segment."""

    segments: tuple[Segment, ...]

    @property
    def prefix(self) -> str:
        """Its first segment, by which its service is found; empty when that varies."""
        first = self.segments[0]
        return "" if first.varies else first.before

    def matches(self, segments: Sequence[str]) -> bool:
        """Whether a path of these decoded *segments* is one of those that it stands for."""
        if len(segments) != len(self.segments):
            return False
        return all(mine.matches(text) for mine, text in zip(self.segments, segments, strict=True))

    def within(self, other: Template) -> bool:
        """Whether every path that it matches is matched by *other*, too."""
        if len(self.segments) != len(other.segments):
            return False
        return all(mine.within(its) for mine, its in zip(self.segments, other.segments, strict=True))


def parse(path: str) -> Template | None:
    """The template that *path* is; None where it is none that could be led to: dots, odd characters, too long."""
    if not path.startswith("/") or len(path) > _LONGEST or path.count("/") > _MOST_SEGMENTS:
        return None
    segments = []
    for text in path[1:].split("/"):
        found = _SEGMENT.fullmatch(text)
        if not found or text in {"", ".", ".."}:
            return None
        segments.append(Segment(found[1], found[2] is not None, found[3] or ""))
    return Template(tuple(segments))
