"""A part of what a service can be asked: ``ports``, ``ports/slow``, ``GET ports/slow``.

Of those that a call falls under one rules it: that with the longest path, and of two with the same path that with a
method. What it does not say its service says, and then what holds for all. That one rules, and not all of them with
each filling in what a longer one leaves out, is how routers of URLs work: what holds for a route stands in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

# What a service's name may hold beside letters and digits.
_MARKS = str.maketrans("._-", "aaa")


@dataclass(frozen=True, slots=True)
class Route:
    """``path`` is encoded and begins with a slash, or is empty: then it is the whole service."""

    service: str
    path: str = ""
    method: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a route as people write it.

        Raises:
            ValueError: when it is none; what was written is not repeated, since it may be a secret in the wrong place.
        """
        *methods, address = text.split()[:3] or [""]
        service, _, rest = address.partition("/")
        segments = rest.removesuffix("/").split("/") if rest else []
        if (
            len(methods) > 1
            or not all(method.isascii() and method.isalpha() for method in methods)
            or not service.translate(_MARKS).isalnum()
            or not address.isascii()
            or not {"", ".", ".."}.isdisjoint(segments)
            or any(mark in rest for mark in "?#")
        ):
            raise ValueError(
                "a route is a service, or the beginning of a path there, perhaps after a method: GET ports/slow"
            )
        return cls(service.lower(), "".join(f"/{segment}" for segment in segments), "".join(methods).upper())

    def covers(self, method: str, path: str) -> bool:
        """Whether a call falls under it; its *path* is encoded, with its query. Only whole segments count."""
        if self.method not in {"", method}:
            return False
        end = len(self.path)
        return not end or (path.startswith(self.path) and path[end : end + 1] in {"", "/", "?"})


def ranked(routes: Iterable[Route]) -> list[Route]:
    """In the order in which they are asked whether they cover a call: the first that does rules it."""
    return sorted(routes, key=lambda route: (-len(route.path), not route.method, route.path, route.method))
