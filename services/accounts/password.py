"""What a password may be, and the one form in which it is compared.

Every script is welcome, and no mixture of kinds of characters is asked for (NIST SP 800-63B): length alone makes a
password hard to guess. Characters are counted as code points.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

FEWEST = 8

# Longer than what anybody remembers, and far below what would make hashing slow: a hash begins with one pass over it.
MOST = 128

# A line break or a NUL is an accident of whoever typed or pasted it, and can be typed nowhere again.
_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"

# Kept out of the text that a model is shown as, and told to documentation for what it is.
_SECRET: dict[str, Any] = {"format": "password", "writeOnly": True}


def _typed(text: str) -> str:
    if not re.fullmatch(_NO_CONTROLS[1:-1], text):
        raise ValueError("must have no line breaks and no other control characters")
    return text


NewPassword = Annotated[
    str,
    StringConstraints(min_length=FEWEST, max_length=MOST),
    AfterValidator(_typed),
    Field(repr=False, json_schema_extra={**_SECRET, "pattern": _NO_CONTROLS}),
]

# One that is already somebody's may be shorter than what is asked for today.
GivenPassword = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST), Field(repr=False, json_schema_extra=_SECRET)
]


def comparable(password: str) -> bytes:
    """The form that is hashed: NFC, with every kind of space as a plain one (RFC 8265, 4.2: OpaqueString).

    Keyboards compose "é" differently, and put different spaces between words; that must not lock anybody out. NFKC
    would go further, and make the same of characters that look different.
    """
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced).encode()
