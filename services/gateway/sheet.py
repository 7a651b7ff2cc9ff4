"""The page of the API, before it is written: what the merged document says, by service, as it will be shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from services.gateway.document import METHODS
from services.gateway.schema_words import Field, Schemas
from services.gateway.target import PREFIX

_JSON = "application/json"
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_PLACES = ("path", "query", "header")
# What of a stranger's document is shown of each: the rest is in the document itself.
_MOST_ENTRIES = 100
_MOST_OF_EACH = 40
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Parameter:
    """What goes into the path, the query or the headers."""

    name: str
    place: str
    required: bool
    words: str
    about: str
    value: str


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent along."""

    type: str
    example: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and what comes with it."""

    status: str
    words: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation. ``who`` may ask; empty where anybody may."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    deprecated: bool
    who: str
    parameters: list[Parameter]
    body: Body | None
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The operations of one service, and how many there are that are not shown."""

    service: str
    entries: list[Entry]
    more: int = 0


def sheet(merged: Mapping[str, Any]) -> list[Chapter]:
    """All services of the document *merged*, in its order."""
    schemas = Schemas(merged)
    found: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {tag["name"]: [] for tag in merged["tags"]}
    for path, item in merged["paths"].items():
        for method in METHODS:
            if said := item.get(method):
                found[said["tags"][0]].append((method, path, said))
    return [_chapter(service, operations, schemas) for service, operations in found.items()]


def _chapter(service: str, operations: list[tuple[str, str, Mapping[str, Any]]], schemas: Schemas) -> Chapter:
    entries = []
    for number, (method, path, said) in enumerate(operations[:_MOST_ENTRIES], start=1):
        anchor = f"op-{service}-{number}{_NOT_PLAIN.sub('-', f'-{method}{path}'.lower())}".rstrip("-")
        entries.append(_entry(anchor, method, path, said, schemas))
    return Chapter(service, entries, len(operations) - len(entries))


def _entry(anchor: str, method: str, path: str, said: Mapping[str, Any], schemas: Schemas) -> Entry:
    return Entry(
        anchor=anchor,
        method=method.upper(),
        path=f"/{PREFIX}{path}",
        summary=_text(said.get("summary")),
        about=_text(said.get("description")),
        deprecated=said.get("deprecated") is True,
        who=_who(said.get("security")),
        parameters=list(_parameters(said.get("parameters", []), schemas)),
        body=_body(schemas.at(said.get("requestBody")), schemas),
        answers=list(_answers(schemas.at(said.get("responses")), schemas)),
    )


def _who(security: list[dict[str, list[str]]] | None) -> str:
    ways = [" and ".join(way.get("bearer", ["nobody yet"])) for way in security or ()]
    return " or ".join(way or "anybody with a token" for way in ways)


def _parameters(said: list[Any], schemas: Schemas) -> Iterator[Parameter]:
    for each in map(schemas.at, said[:_MOST_OF_EACH]):
        place = each.get("in")
        if place in _PLACES and isinstance(each.get("name"), str):
            schema = each.get("schema")
            value = schemas.example(schema) if each.get("required") is True and place == "path" else ""
            yield Parameter(
                name=each["name"][:_LONGEST],
                place=str(place),
                required=each.get("required") is True,
                words=schemas.words(schema),
                about=_text(each.get("description")),
                value=_text(value) if isinstance(value, str) else json.dumps(value),
            )


def _body(said: Mapping[str, Any], schemas: Schemas) -> Body | None:
    content = said.get("content")
    if not isinstance(content, dict) or not content:
        return None
    kind = _JSON if _JSON in content else next(iter(content))
    schema = schemas.at(content[kind]).get("schema")
    example = json.dumps(schemas.example(schema), indent=2, ensure_ascii=False) if kind == _JSON else ""
    return Body(kind[:_LONGEST], example[:_LONGEST], schemas.fields(schema))


def _answers(said: Mapping[str, Any], schemas: Schemas) -> Iterator[Answer]:
    for status, each in list(said.items())[:_MOST_OF_EACH]:
        words = _text(schemas.at(each).get("description"))
        if not words and status.isdecimal() and status in {str(known.value) for known in HTTPStatus}:
            words = HTTPStatus(int(status)).phrase
        yield Answer(status[:8], words)


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""
