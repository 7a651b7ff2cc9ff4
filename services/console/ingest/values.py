"""Attributes as JSON text, within limits, whichever of OTLP's two forms they came in.

What is too big is cut rather than refused: the rest of its record is worth keeping.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec
from google.protobuf.message import Message  # type: ignore[import-untyped]  # protobuf comes without types

# The SDK's own limit is 128; whoever sends more than twice as many is not describing anything.
MAX_ATTRIBUTES = 256
# Characters of one value, with the quotes and commas of those that are not a string.
MAX_VALUE = 65_536
# Characters of a name of whatever kind.
MAX_NAME = 1_024
# Levels of lists within lists; a reader of JSON has a limit, too.
_MAX_DEPTH = 16

# SQLite's integers have a sign; the wire's times have none.
_MAX_TIME = 2**63 - 1
_MAX_COUNT = 2**31 - 1

_KINDS = (
    "string_value",
    "bool_value",
    "int_value",
    "double_value",
    "array_value",
    "kvlist_value",
    "bytes_value",
)

Attributes = dict[str, Any]

# Four times as fast as the standard library's, and this is a tenth of all the work.
_encode = msgspec.json.Encoder().encode


def attributes(pairs: Sequence[Any]) -> Attributes:
    """OTLP's list of pairs; of a key that comes twice, the last."""
    found: Attributes = {}
    for pair in pairs if len(pairs) <= MAX_ATTRIBUTES else islice(pairs, MAX_ATTRIBUTES):
        value = pair.value
        # Most values are strings or numbers; asking a message what it has takes as long as all else here.
        found[pair.key] = (value and (value.string_value or value.int_value)) or plain(value)
    return found


def plain(value: Any, depth: int = 0) -> Any:
    """An ``AnyValue`` of either form; bytes stay bytes, and what is not said is None."""
    kind = chosen(value, "value", _KINDS)
    if kind is None:
        return None
    content = getattr(value, kind)
    if kind not in {"array_value", "kvlist_value"}:
        return content
    if depth == _MAX_DEPTH:
        return "…"
    if kind == "array_value":
        return [plain(each, depth + 1) for each in content.values]
    return {pair.key: plain(pair.value, depth + 1) for pair in content.values}


def chosen(message: Any, oneof: str, names: Iterable[str]) -> str | None:
    """Which of a message's fields that exclude each other is there."""
    if isinstance(message, Message):
        found: str | None = message.WhichOneof(oneof)
        return found
    return next((name for name in names if getattr(message, name, None) is not None), None)


def encoded(found: Attributes) -> str:
    """A JSON object; what no JSON number can be is null, and bytes are base64, as in OTLP's own JSON."""
    document = _encode(found)
    return (document if len(document) <= MAX_VALUE else _encode(limited(found))).decode()


def json_text(value: Any) -> str:
    """Any JSON, cut nowhere."""
    return _encode(value).decode()


def limited(found: Attributes) -> Attributes:
    """*found* with what is too long cut."""
    return {short(key): _cut(value) for key, value in found.items()}


def text(value: Any, longest: int = MAX_VALUE) -> str:
    """A value as one reads it: a string as it is, and anything else as JSON."""
    if value is None:
        return ""
    return clipped(value if isinstance(value, str) else json_text(value), longest)


def short(name: str) -> str:
    """A name, cut if it is none."""
    return name if len(name) <= MAX_NAME else clipped(name, MAX_NAME)


def clipped(value: str, longest: int = MAX_VALUE) -> str:
    """At most *longest* characters, the last of them an ellipsis if there were more."""
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def moment(nanoseconds: int) -> int:
    """A time as the database can hold it."""
    return min(max(nanoseconds, 0), _MAX_TIME)


def count(value: object) -> int:
    """A small number that is not below zero, or 0 for what is none."""
    return value if type(value) is int and 0 <= value <= _MAX_COUNT else 0


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return clipped(value)
    document = json_text(value)
    return value if len(document) <= MAX_VALUE else clipped(document)
