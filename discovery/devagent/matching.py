"""What one match of a filter means, by the kind of what it selects.

Through a list of objects (``Checks.Status``) a match is true when it is for any of them; where a map has not the
name asked for, only the negative operators are, and ``matches``, as on a real agent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from discovery.devagent.query import switch

# str, int or bool; {name: shape} for an object, [shape] for a list, (shape,) for a map with any names.
Shape = Any
Test = Callable[[Any], bool]
Path = tuple[str, ...]

_TEXT = ("Equal", "Not Equal", "In", "Not In", "Matches", "Not Matches")
_PLAIN = ("Equal", "Not Equal")
_EMPTINESS = ("Is Empty", "Is Not Empty")
_MEMBERS = ("In", "Not In", *_EMPTINESS)

_MISSING = object()
_TRUE_OF_MISSING = frozenset({"Not Equal", "Not In", "Matches", "Not Matches"})

# Go matches in linear time; Python backtracks, so what could take for ever is not taken.
_REPEATED_GROUP = re.compile(r"\)[*+?{]")
_REPETITION = re.compile(r"[*+{]")
_REPETITIONS = 2


def match(operator: str, path: Path, value: str, shape: Shape) -> Test:
    """Make the test of one match.

    Raises:
        ValueError: in Consul's words, when the path, the operator or the value does not fit the shape.
    """
    selector = ".".join(path)
    kind = _kind(path, shape, selector)
    if operator not in _operators(kind):
        raise ValueError(f'Invalid match operator "{operator}" for selector "{selector}"')
    holds = _predicate(operator.removeprefix("Not ").replace("Not ", ""), kind, value, selector)
    negated = "Not " in operator

    def test(thing: Any) -> bool:
        return any(
            operator in _TRUE_OF_MISSING if found is _MISSING else holds(found) is not negated
            for found in _found(thing, path, shape)
        )

    return test


def _kind(path: Path, shape: Shape, selector: str) -> Shape:
    for name in path:
        if isinstance(shape, list):
            shape = shape[0]
        if isinstance(shape, tuple):
            shape = shape[0]
        elif isinstance(shape, dict) and name in shape:
            shape = shape[name]
        else:
            raise ValueError(f'Selector "{selector}" is not valid')
    return shape


def _operators(kind: Shape) -> tuple[str, ...]:
    if isinstance(kind, list):
        return _MEMBERS if kind[0] is str else _EMPTINESS
    if isinstance(kind, tuple):
        return _MEMBERS
    return {str: _TEXT, int: _PLAIN, bool: _PLAIN}.get(kind, ()) if isinstance(kind, type) else ()


def _predicate(operator: str, kind: Shape, value: str, selector: str) -> Callable[[Any], bool]:
    if operator == "Is Empty":
        return lambda found: not found
    if operator == "In":
        return lambda found: value in (found or ())
    if operator == "Matches":
        expression = _expression(value)
        return lambda found: expression.search(found) is not None
    wanted = _coerced(kind, value, selector)
    return lambda found: found == wanted


def _expression(value: str) -> re.Pattern[str]:
    if _REPEATED_GROUP.search(value) or len(_REPETITION.findall(value)) > _REPETITIONS:
        raise ValueError(f'the devagent takes at most {_REPETITIONS} repetitions, and none of a group: "{value}"')
    try:
        return re.compile(value)
    except re.error as exc:
        raise ValueError(f'Failed to compile regular expression "{value}": {exc}') from None


def _coerced(kind: Shape, value: str, selector: str) -> str | int | bool:
    if kind is str:
        return value
    wanted: bool | int | None
    if kind is bool:
        wanted, call = switch(value), "ParseBool"
    else:
        wanted, call = int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else None, "ParseInt"
    if wanted is None:
        problem = f'strconv.{call}: parsing "{value}": invalid syntax'
        raise ValueError(f'Failed to coerce value "{value}" for selector "{selector}": {problem}')
    return wanted


def _found(thing: Any, path: Path, shape: Shape) -> Iterator[Any]:
    """What is at the end of the path: several things through a list, ``_MISSING`` where a map has no such name."""
    if not path:
        yield thing
    elif isinstance(shape, list):
        for one in thing:
            yield from _found(one, path, shape[0])
    elif isinstance(shape, tuple):
        yield from _found(thing[path[0]], path[1:], shape[0]) if thing and path[0] in thing else [_MISSING]
    else:
        # A field that is not shown has its empty value all the same.
        kind = shape[path[0]]
        empty = kind() if isinstance(kind, type) else type(kind)()
        yield from _found(thing.get(path[0], empty), path[1:], kind)
