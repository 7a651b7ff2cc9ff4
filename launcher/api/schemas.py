"""What a change of a JSON schema breaks, for who sends such values or for who reads them. Pure.

Whoever sends is broken by what is not taken any more, whoever reads by what he was never told of: the same comparison,
the other way round. A reader skips members that he does not know, so a new one breaks nobody; a service here refuses
those that it does not know, so one that is gone breaks who sends it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Whether a value of the one bound is within the other.
_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), operator.ge),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), operator.le),
    **dict.fromkeys(("pattern", "format"), operator.eq),
}
_DEEPEST = 32
_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
}

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A document, to look up in."""

    content: Mapping[str, Any]

    def resolved(self, schema: Schema) -> Schema:
        """What a reference leads to."""
        while (reference := schema.get("$ref")) is not None:
            found: Any = self.content
            for step in str(reference).removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents, and what is said of a place where a value of the one is none of the other."""

    taken: Document
    given: Document
    other_type: str
    other_value: str
    unlisted: str
    unbound: str
    absent: str
    # Whether a member that the other does not know is too much for it.
    unknown: str | None = None

    def differences(self, taken: Schema, given: Schema, where: str, depth: int = 0) -> Iterator[str]:
        """Where *given* has values that *taken* does not have, each as a sentence."""
        if depth > _DEEPEST:
            return
        takes, gives = _choices(taken, self.taken), _choices(given, self.given)
        if "number" in takes:
            takes = {"integer": takes["number"], **takes}
        if "anything" not in takes and (lost := gives.keys() - takes.keys()):
            yield f"{where} {self.other_type} {' or '.join(sorted(lost))}"
        for kind in sorted(takes.keys() & gives.keys()):
            yield from self._of_one_type(takes[kind], gives[kind], where, depth)

    def _of_one_type(self, taken: Schema, given: Schema, where: str, depth: int) -> Iterator[str]:
        yield from self._bounds(taken, given, where)
        if (allowed := _values(taken)) is not None:
            possible = _values(given)
            if possible is None:
                yield f"{where} {self.unlisted}"
            elif lost := possible - allowed:
                yield f"{where} {self.other_value} {' or '.join(sorted(lost))}"
        known = taken.get("properties", {})
        for name, schema in given.get("properties", {}).items():
            if name in known:
                yield from self.differences(known[name], schema, _inner(where, name), depth + 1)
            elif self.unknown and taken.get("additionalProperties") is False:
                yield f"{_inner(where, name)} {self.unknown}"
        for name in sorted(set(taken.get("required", ())) - set(given.get("required", ()))):
            yield f"{_inner(where, name)} {self.absent}"
        if "items" in taken and "items" in given:
            yield from self.differences(taken["items"], given["items"], f"{where}[]", depth + 1)

    def _bounds(self, taken: Schema, given: Schema, where: str) -> Iterator[str]:
        for name, inside in _BOUNDS.items():
            if name in taken and (name not in given or not inside(given[name], taken[name])):
                yield f"{where} {self.unbound} {name} {taken[name]}"


def for_senders(old: Document, new: Document) -> Comparison:
    """What is broken for who goes on sending what *old* takes."""
    return Comparison(
        taken=new,
        given=old,
        other_type="may no longer be",
        other_value="may no longer be",
        unlisted="is now one of a list",
        unbound="must now have",
        absent="is now required",
        unknown="is no longer taken",
    )


def for_readers(old: Document, new: Document) -> Comparison:
    """What is broken for who goes on reading what *old* answers."""
    return Comparison(
        taken=old,
        given=new,
        other_type="may now be",
        other_value="may now be",
        unlisted="is no longer one of a list",
        unbound="need no longer have",
        absent="may now be missing",
    )


def _inner(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _choices(schema: Schema, document: Document) -> dict[str, Schema]:
    """What a value may be, by its type."""
    schema = document.resolved(schema)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return {kind: one for choice in choices for kind, one in _choices(choice, document).items()}
    kinds = schema.get("type")
    if kinds is None:
        return dict.fromkeys(map(_type_of, _listed(schema) or ()), schema) or {"anything": schema}
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, schema)


def _listed(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _values(schema: Schema) -> set[str] | None:
    return None if (listed := _listed(schema)) is None else {str(value) for value in listed}


def _type_of(value: Any) -> str:
    return _TYPES.get(type(value), "object")
