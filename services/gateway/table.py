"""Which path leads to whom, and what its caller has to bring: made of what the listed services say of themselves.

A prefix, the first segment of a path, belongs to one service. The one that is called like it comes first; then the
order of the list decides. What a later service wanted is refused and told, since a path that answers for somebody else
is how a password ends in the wrong place.

What a document does not name is led to nobody: a method that was forgotten in it cannot be one without a guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from services.gateway.document import METHODS, Demand, Operation
from services.gateway.target import RESERVED

# Below ``/api``, what is no service's: the files of the page there, and for clearness what is ours elsewhere.
STATIC = "static"
OURS = frozenset({*RESERVED, STATIC})

# Where the sample system takes passwords, ends logins and tells its keys: nobody else's, also while that service is
# registered nowhere.
KEPT: Mapping[str, str] = MappingProxyType({"token": "accounts", "logout": "accounts", ".well-known": "accounts"})

# Of a service: the operations that it names; None where it has no document, and all below its own name is its own.
Named: TypeAlias = Sequence[Operation] | None

_NOTHING: Mapping[str, Named] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Way:
    """A request is led to *service* when its caller meets every one of *demands*; there is none where anybody may.

    *route* is the path as the service names it, which says the same of many requests.
    """

    service: str
    demands: tuple[Demand, ...] = ()
    route: str = field(default="", compare=False)


class Closed(NamedTuple):
    """Nothing is here for this method; there is something for those in *allowed*, where it is not empty."""

    allowed: tuple[str, ...] = ()


class Refusal(NamedTuple):
    """A *prefix* that *service* wanted. It belongs to *owner*, or, where that is empty, to the gateway."""

    prefix: str
    service: str
    owner: str

    def __str__(self) -> str:
        whose = f"belongs to {self.owner}" if self.owner else "is the gateway's own"
        return f"{self.service} wants the prefix /{self.prefix}, which {whose}: its paths there are left out"


class Table:
    """The prefixes of *listed* services, of which *known* says what they name.

    Who is *awaited* is there and was not heard yet: who comes after it in the list has no prefix but its own name until
    then, since any other may turn out to be of the one before.
    """

    def __init__(
        self, listed: Sequence[str] = (), known: Mapping[str, Named] = _NOTHING, awaited: Iterable[str] = ()
    ) -> None:
        self._owners: dict[str, str] = {name: name for name in listed}
        self._owners |= {prefix: owner for prefix, owner in KEPT.items() if owner in listed and prefix not in listed}
        self._prefixes: dict[str, _Prefix | None] = {}
        refused: list[Refusal] = []
        unheard, waiting = frozenset(awaited), False
        for service in listed:
            waiting = waiting or service in unheard
            named = known.get(service, ())
            if named is None:
                self._prefixes[service] = None
                continue
            for prefix in dict.fromkeys([operation.template.prefix for operation in named if not operation.inside]):
                if prefix in OURS:
                    refused.append(Refusal(prefix, service, ""))
                elif waiting and prefix != service:
                    continue
                elif (owner := self._owners.setdefault(prefix, service)) != service:
                    refused.append(Refusal(prefix, service, owner))
                else:
                    self._prefixes[prefix] = _Prefix(named, prefix)
        self.refused = tuple(refused)

    @property
    def prefixes(self) -> dict[str, str]:
        """Each prefix that leads somewhere, and to whom."""
        return {prefix: self._owners[prefix] for prefix in self._prefixes}

    def owns(self, service: str, prefix: str) -> bool:
        """Whether paths that begin with *prefix* are led to *service*."""
        return prefix in self._prefixes and self._owners.get(prefix) == service

    def owner(self, prefix: str) -> str:
        """Whose *prefix* it is, also where nothing of it is known yet; empty: nobody's."""
        return self._owners.get(prefix, "")

    def open_paths(self, service: str) -> list[str]:
        """What anybody may look at of *service* who knows no more than its name."""
        found: list[str] = []
        for prefix, ways in self._prefixes.items():
            if self._owners[prefix] == service:
                found += [f"/{prefix}"] if ways is None else ways.open_paths()
        return found

    def find(self, method: str, segments: Sequence[str]) -> Way | Closed | None:
        """Where a request for the decoded *segments* goes; None where their first is nobody's prefix."""
        prefix = segments[0]
        try:
            ways = self._prefixes[prefix]
        except KeyError:
            return None
        service = self._owners[prefix]
        if ways is None:
            return Way(service, route=f"/{prefix}/*")
        found = ways.meant(method, segments)
        if not found and method == "HEAD":
            found = ways.meant("GET", segments)
        if found and not any(operation.inside for operation in found):
            demands = tuple([operation.needs for operation in found if operation.needs is not None])
            alone = len(found) == 1 or len({operation.path for operation in found}) == 1
            return Way(service, demands, found[0].path if alone else f"/{prefix}/*")
        return Closed(ways.allowed(segments))


class _Prefix:
    """The operations below one prefix."""

    def __init__(self, named: Sequence[Operation], prefix: str) -> None:
        self._shapes: dict[tuple[str, int], list[Operation]] = {}
        for operation in named:
            if operation.template.prefix == prefix:
                shape = operation.method, len(operation.template.segments)
                self._shapes.setdefault(shape, []).append(operation)

    def meant(self, method: str, segments: Sequence[str]) -> list[Operation]:
        """Those that a request may be for: the most exact ones of each document.

        Of several, nobody knows which its service takes: an instance of another version knows none more exact.
        """
        found = [
            operation
            for operation in self._shapes.get((method, len(segments)), ())
            if operation.template.matches(segments)
        ]
        if len(found) < 2:
            return found
        return [one for one in found if not any(_more_exact(other, one) for other in found)]

    def open_paths(self) -> list[str]:
        """Those of a GET that anybody may send, and in which nothing varies."""
        found = [
            operation.path
            for (method, _), those in self._shapes.items()
            for operation in those
            if method == "GET" and not (operation.inside or operation.needs is not None or "{" in operation.path)
        ]
        return list(dict.fromkeys(found))

    def allowed(self, segments: Sequence[str]) -> tuple[str, ...]:
        """The methods that the world may use there."""
        found = {method: self.meant(method, segments) for method in map(str.upper, METHODS)}
        return tuple(
            sorted(method for method, those in found.items() if those and not any(each.inside for each in those))
        )


def _more_exact(one: Operation, other: Operation) -> bool:
    same = one.whole is other.whole
    return same and one.template.within(other.template) and not other.template.within(one.template)
