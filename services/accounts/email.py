"""The name of an account: an address of electronic mail, in the one form in which it is compared."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

# RFC 5321, 4.5.3.1: at most 64 characters before the @, and 254 in all. Plain ASCII, so that no two addresses that
# look the same are two accounts; a domain of another script has such a form (RFC 3492).
_SHAPE = r"^[!-?A-~]{1,64}@[!-?A-~]{1,189}$"


def _address(text: str) -> str:
    # "$" alone would let a line break pass at the end.
    if not re.fullmatch(_SHAPE[1:-1], text):
        raise ValueError("must be an address like ada@example.org, of plain characters")
    return text


# No mail system in use tells "Ada@" from "ada@", and no person does.
Email = Annotated[
    str, StringConstraints(to_lower=True), AfterValidator(_address), Field(json_schema_extra={"pattern": _SHAPE})
]
