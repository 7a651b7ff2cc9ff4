"""What a JSON schema says, in words for people, and a value that it would take.

Schemas are strangers' words: whatever is not understood is left out, and nothing goes deeper than it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_DEEPEST = 6
# Schemas that refer to each other would be written out without end.
_MOST_AT_ONCE = 200
_MOST_FIELDS = 40
_LONGEST = 200
_MOST_CHOICES = 12
_BY_FORMAT: Mapping[str, str] = {
    "email": "you@example.com",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "uri": "https://example.com/",
    "password": "correct horse battery staple",
}
_BOUNDS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} of them"),
    ("maxItems", "at most {} of them"),
    ("format", "{}"),
)


class Field(NamedTuple):
    """One field of an object."""

    name: str
    words: str
    required: bool


class Schemas:
    """The schemas of *document*, to which its references lead."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = 0

    def at(self, value: object) -> dict[str, Any]:
        """*value*, or what it refers to; empty where that is no object."""
        for _ in range(_DEEPEST):
            if not isinstance(value, dict):
                return {}
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            found: Any = self._document
            for part in reference.removeprefix("#/").split("/"):
                found = found.get(part) if isinstance(found, dict) else None
            value = found
        return {}

    def words(self, schema: object, depth: int = 0) -> str:
        """What a value has to be, on one short line."""
        return self._words(schema, depth)[:_LONGEST] if self._goes_on(depth) else "…"

    def _words(self, schema: object, depth: int) -> str:
        said = self.at(schema)
        choices = said.get("enum", [said["const"]] if "const" in said else None)
        if isinstance(choices, list):
            shown = ", ".join(str(choice) for choice in choices[:_MOST_CHOICES])
            return f"one of {shown}{', …' if len(choices) > _MOST_CHOICES else ''}" if len(choices) > 1 else shown
        for several in ("anyOf", "oneOf", "allOf"):
            if isinstance(said.get(several), list):
                return " or ".join(dict.fromkeys(self.words(each, depth + 1) for each in said[several]))
        kind = said.get("type")
        kinds = [str(each) for each in kind] if isinstance(kind, list) else [str(kind)] if kind else []
        if kinds == ["array"]:
            inner = self.words(said["items"], depth + 1) if "items" in said else ""
            kinds = [f"list of {inner}" if inner else "list"]
        bounds = [text.format(said[name]) for name, text in _BOUNDS if isinstance(said.get(name), str | int | float)]
        return ", ".join([" or ".join(kinds) or "anything", *bounds])

    def fields(self, schema: object) -> list[Field]:
        """Those of an object; empty for what is none."""
        said = self.at(schema)
        properties = said.get("properties")
        required = said.get("required")
        names = required if isinstance(required, list) else []
        found = properties.items() if isinstance(properties, dict) else ()
        return [Field(name[:_LONGEST], self.words(each), name in names) for name, each in list(found)[:_MOST_FIELDS]]

    def example(self, schema: object, depth: int = 0) -> Any:
        """A value that the schema would take, as far as that can be seen."""
        return self._example(self.at(schema), depth) if self._goes_on(depth) else None

    def _goes_on(self, depth: int) -> bool:
        self._left = _MOST_AT_ONCE if depth == 0 else self._left - 1
        return self._left > 0 and depth <= _DEEPEST

    def _example(self, said: Mapping[str, Any], depth: int) -> Any:
        for given in self._given(said):
            return given
        for several in ("anyOf", "oneOf", "allOf"):
            choices = said.get(several)
            if isinstance(choices, list) and choices:
                return self.example(choices[0], depth + 1)
        match said.get("type"):
            case "object" | None:
                return self._object(said, depth)
            case "array":
                return [self.example(said.get("items"), depth + 1)] if "items" in said else []
            case "integer" | "number":
                return _number(said)
            case "boolean":
                return True
            case "string":
                return _text(said)
            case _:
                return None

    def _object(self, said: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """With what it must have, and what it may have but for ids, which are given."""
        properties = said.get("properties")
        required = said.get("required")
        names = required if isinstance(required, list) else []
        made = {}
        for name, each in properties.items() if isinstance(properties, dict) else ():
            if name in names or (name != "id" and "default" not in self.at(each)):
                made[name] = self.example(each, depth + 1)
        return made

    def _given(self, said: Mapping[str, Any]) -> Iterator[Any]:
        examples = said.get("examples")
        if isinstance(examples, list):
            yield from examples[:1]
        for name in ("example", "const"):
            if name in said:
                yield said[name]
        if isinstance(said.get("enum"), list):
            yield from said["enum"][:1]
        if said.get("default") is not None:
            yield said["default"]


def _number(said: Mapping[str, Any]) -> int | float:
    least, more = said.get("minimum"), said.get("exclusiveMinimum")
    if isinstance(least, int | float):
        return least
    return more + 1 if isinstance(more, int | float) else 1


def _text(said: Mapping[str, Any]) -> str:
    text = _BY_FORMAT.get(str(said.get("format", "")), "text")
    least, most = said.get("minLength"), said.get("maxLength")
    if isinstance(least, int) and len(text) < least <= 200:
        text = (text + " and more" * least)[:least]
    return text[:most] if isinstance(most, int) and most >= 0 else text
