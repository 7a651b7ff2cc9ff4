"""Attributes as bytes: OTLP's pairs of a key and a value (``opentelemetry/proto/common/v1/common.proto``)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from observability.protobuf import delimited, double, signed, text, varint

_log = logging.getLogger("opentelemetry.exporter.encoding")

# A text that is longer is hardly said twice.
_USUAL = 64


def pairs(attributes: Mapping[str, Any] | None, tag: bytes) -> bytes:
    """The pairs, each behind *tag*; one that cannot be written is left out."""
    if not attributes:
        return b""
    parts: list[bytes] = []
    for name, value in attributes.items():
        kind = type(value)
        try:
            is_usual = kind is int or (kind is str and len(value) <= _USUAL)
            parts.append(_known(tag, name, value) if is_usual else delimited(tag, _pair(name, value)))
        except (TypeError, ValueError):
            _log.exception("attribute %r left out", name)
    return b"".join(parts)


# Most attributes say what others said before: methods, statuses, services, instances. Where each says something new,
# nothing is gained by remembering it, and what is remembered stays this small. (Kinds of numbers that are equal and
# written differently, like 1, 1.0 and true, must not meet here.)
@lru_cache(maxsize=2048)
def _known(tag: bytes, name: str, value: str | int) -> bytes:
    return delimited(tag, _pair(name, value))


@lru_cache(maxsize=512)
def _key(name: str) -> bytes:
    """The name of an attribute, up to the length of its value; that is always there, even if it is empty."""
    return text(b"\x0a", name) + b"\x12"


def _value(value: Any) -> bytes:
    # Of several kinds a value is given one, so that a zero or an empty text is written too.
    if isinstance(value, str):
        written = value.encode()
        return b"\x0a" + varint(len(written)) + written
    if isinstance(value, bool):
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + signed(value)
    if isinstance(value, float):
        return b"\x21" + double(value)
    return b"" if value is None else _compound(value)


def _compound(value: Any) -> bytes:
    if isinstance(value, bytes):
        return delimited(b"\x3a", value)
    if isinstance(value, Sequence):
        return delimited(b"\x2a", b"".join(delimited(b"\x0a", _value(each)) for each in value))
    if isinstance(value, Mapping):
        pairs = {str(name): each for name, each in value.items()}
        return delimited(b"\x32", b"".join(delimited(b"\x0a", _pair(*pair)) for pair in pairs.items()))
    raise TypeError(f"no attribute can be a {type(value).__name__}")


def _pair(name: str, value: Any) -> bytes:
    written = _value(value)
    return b"".join((_key(name), varint(len(written)), written))
