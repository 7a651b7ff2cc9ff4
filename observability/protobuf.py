"""Protocol buffers, as far as OTLP needs them: tags, lengths and numbers as bytes.

A field's tag is its number and the kind of its value (https://protobuf.dev/programming-guides/encoding/). What proto3
leaves out, a number of zero and an empty text, is left out by whoever writes the message.
"""

from __future__ import annotations

from struct import Struct

fixed64 = Struct("<Q").pack
fixed32 = Struct("<I").pack
double = Struct("<d").pack

_SMALL = tuple(bytes((number,)) for number in range(128))


def varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    if number < 128:
        return _SMALL[number]
    groups = bytearray()
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def signed(number: int) -> bytes:
    """An ``int64``, which is ten bytes long when it is negative.

    Raises:
        ValueError: when it has more than 64 bits.
    """
    if not -(2**63) <= number < 2**63:
        raise ValueError("no int64")
    return varint(number & 0xFFFF_FFFF_FFFF_FFFF) if number < 0 else varint(number)


def delimited(tag: bytes, payload: bytes) -> bytes:
    """A text, bytes or a message, behind its length."""
    return b"".join((tag, varint(len(payload)), payload))


def text(tag: bytes, words: str | None) -> bytes:
    """A text as UTF-8; none and an empty one are left out."""
    return delimited(tag, words.encode()) if words else b""


def count(tag: bytes, number: int) -> bytes:
    """A number from 0 on; zero is left out."""
    return tag + varint(number) if number else b""
