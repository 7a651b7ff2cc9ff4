"""The name of an account: an address of electronic mail, in the one form in which it is compared."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

# RFC 5321, 4.5.3.1: at most 64 characters before the @, and 254 in all. Plain ASCII, so that no two addresses that
# look the same are two accounts; a domain of another script has such a form (RFC 3492).
_SHAPE = r"^[!-?A-~]{1,64}@[!-?A-~]{1,189}$"

# No mail system in use tells "Ada@" from "ada@", and no person does.
Email = Annotated[str, StringConstraints(pattern=_SHAPE, to_lower=True)]
