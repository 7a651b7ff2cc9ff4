"""The head of a request as it stands on the wire (RFC 9112, sections 2 to 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Whoever could write one of these into a header could write a header, or a request, of his own.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def head(method: str, target: str, headers: Mapping[str, Any]) -> bytes:
    """Write it, with the empty line at its end.

    Raises:
        ValueError: for a control character, or half of a character (a lone surrogate).
        TypeError: for a value that is no text.
    """
    try:
        lines = [f"{method} {target} HTTP/1.1", *map(": ".join, headers.items())]
    except TypeError:
        name = next(name for name, value in headers.items() if not isinstance(value, str))
        raise TypeError(f"the value of the header {name} is no text") from None
    whole = "".join(lines)
    # Nearly all are printable, which is seen sooner than that there is no control character.
    if not whole.isprintable() and _CONTROL.search(whole):
        raise ValueError("a control character in the head of a request: potential header injection")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
