"""What a service says of its API: its OpenAPI document, read as a stranger's word.

Only what is understood is taken over. A document that is too large, too deep, or not what it claims to be is refused
as a whole, so that what was known of the service before can stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from discovery.web import Problem, parse_json
from services.gateway import template
from services.gateway.template import Template

# Those of the sample system have some 30 kB and ten paths.
MOST_BYTES = 512 * 1024
_MOST_PATHS = 500
_DEEPEST = 64
# Half of a character beyond the first 65,536, or one whole; only escapes can write a half.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

# One of these sets of scopes has to be the caller's, as a whole; where there is none, nobody's scopes are enough.
Demand: TypeAlias = tuple[frozenset[str], ...]
# RFC 6749, 3.3; it is repeated in a header.
_SCOPE = re.compile(r"[!#-\[\]-~]{1,64}")


class Unsound(Exception):
    """A document that cannot be used, and why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. It *needs* nothing where anybody may; what is *inside* is for the members of the mesh.

    *whole* is the document that says so.
    """

    method: str
    path: str
    template: Template
    needs: Demand | None
    inside: bool
    said: Mapping[str, Any] = field(repr=False)
    whole: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """``whole`` is the document as it came; nothing in it was judged but for the operations."""

    operations: tuple[Operation, ...]
    whole: Mapping[str, Any] = field(repr=False)


def read(raw: bytes) -> Document:
    """Read a document.

    Raises:
        Unsound: for whatever could not be led by, or shown.
    """
    if len(raw) > MOST_BYTES:
        raise Unsound(f"it has more than {MOST_BYTES} bytes")
    try:
        whole = parse_json(raw)
    except Problem as problem:
        raise Unsound(problem.detail) from None
    _check_depth_and_references(whole)
    if _HALF.search(raw) and not _can_be_written(whole):
        raise Unsound("it has an escape that is half of a character")
    if not isinstance(whole, dict) or not str(whole.get("openapi", "")).startswith("3."):
        raise Unsound("it is not an OpenAPI document of version 3")
    paths = _mapping(whole.get("paths", {}), "paths")
    if len(paths) > _MOST_PATHS:
        raise Unsound(f"it has more than {_MOST_PATHS} paths")
    bearers = frozenset(_bearers(whole))
    return Document(tuple(_operations(whole, paths, bearers)), whole)


def _operations(whole: Mapping[str, Any], paths: Mapping[str, Any], bearers: frozenset[str]) -> Iterator[Operation]:
    for path, each in paths.items():
        item = _mapping(each, "a path")
        found = template.parse(path)
        if found is None or not found.prefix:
            raise Unsound("it has a path that cannot be led to")
        for method in METHODS:
            if method not in item:
                continue
            said = _mapping(item[method], "an operation")
            needs = _needs(said.get("security", whole.get("security", [])), bearers)
            shared = item.get("parameters", [])
            own = said.get("parameters", [])
            if not isinstance(shared, list) or not isinstance(own, list):
                raise Unsound("the parameters of an operation are no list")
            inside = said.get("x-inside", item.get("x-inside", False)) is not False
            yield Operation(method.upper(), path, found, needs, inside, {**said, "parameters": [*shared, *own]}, whole)


def _needs(security: object, bearers: frozenset[str]) -> Demand | None:
    """What a caller has to bring. Of ways in that are not a token's, none can be checked here, so none leads in."""
    if not isinstance(security, list):
        raise Unsound("what is said about security is no list")
    ways = [_mapping(way, "a way in") for way in security]
    if not ways or not all(ways):  # one that asks for nothing
        return None
    kept = []
    for way in ways:
        scopes = [scope for named in way.values() if isinstance(named, list) for scope in named]
        if not all(isinstance(scope, str) and _SCOPE.fullmatch(scope) for scope in scopes):
            raise Unsound("a scope is no plain word")
        if bearers.issuperset(way):
            kept.append(frozenset(scopes))
    return tuple(kept)


def _bearers(whole: Mapping[str, Any]) -> Iterator[str]:
    schemes = _mapping(_mapping(whole.get("components", {}), "components").get("securitySchemes", {}), "schemes")
    for name, scheme in schemes.items():
        if isinstance(scheme, dict) and scheme.get("type") == "http" and scheme.get("scheme") == "bearer":
            yield name


def _check_depth_and_references(whole: object) -> None:
    """A reference that leads out of the document would make whoever shows it ask somebody for it."""
    level: list[Any] = [whole]
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, list):
                deeper += each
            elif isinstance(each, dict):
                reference = each.get("$ref")
                if isinstance(reference, str) and not reference.startswith("#/components/"):
                    raise Unsound("it refers to something that is not among its components")
                deeper += each.values()
        if not deeper:
            return
        level = deeper
    raise Unsound(f"it is more than {_DEEPEST} levels deep")


def _can_be_written(whole: object) -> bool:
    try:
        json.dumps(whole, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unsound(f"{what} should be an object")
    return value
