"""The kinds of problems that say more than their status, in one list, each with what to do about it.

A problem without a kind is ``about:blank`` (RFC 9457, 4.2.1): its status says all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from discovery.web import FieldError, Problem

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. Calling it makes one to raise."""

    name: str
    status: int
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """What ``type`` says; at the gateway it leads to a page."""
        return f"/problems/{self.name}"

    def __call__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] = _NO_HEADERS
    ) -> Problem:
        """One occurrence."""
        return Problem(self.status, detail, type=self.type, title=self.title, errors=errors, headers=headers)


TAKEN = Kind(
    "taken",
    409,
    "Something has these values already",
    "Choose other values for the fields that `errors` names, or change the record that has them.",
)
STALE = Kind(
    "stale",
    412,
    "The record has changed since you read it",
    "Read it again, apply your change to what it is now, and send that with its new `ETag` as `If-Match`.",
)
UNCONDITIONAL = Kind(
    "unconditional",
    428,
    "The change must say which version it is for",
    "Send the `ETag` that came with the record as `If-Match`; `If-Match: *` overwrites whatever is there.",
)
KEYLESS = Kind(
    "keyless",
    400,
    "The request must have a key of its own",
    "Send `Idempotency-Key` with 1 to 255 characters, like a UUID; the same request again has the same key.",
)
KEY_REUSED = Kind(
    "key-reused",
    422,
    "The key is that of another request",
    "Take a new `Idempotency-Key` for what is another request; the same one goes with the same body only.",
)
UNDER_WAY = Kind(
    "under-way",
    409,
    "The same request is under way",
    "Send it again, with its `Idempotency-Key`, after the seconds that `Retry-After` says: then its answer is there.",
)
SOLD_OUT = Kind(
    "sold-out",
    409,
    "There is not as much in stock",
    "Ask for less, or again later: what others reserved and did not buy comes back.",
)
PRICE_CHANGED = Kind(
    "price-changed",
    409,
    "It costs something else now",
    "Read it again, and ask for it at the price that it has now, if you still want it.",
)
DECLINED = Kind(
    "declined",
    402,
    "The card was declined",
    "Pay with another card, under another key: the answer to this one stays the same.",
)
WRONG_CREDENTIALS = Kind(
    "wrong-credentials",
    401,
    "There is no account with this email and this password",
    "Try again, or sign up. Which of the two is wrong is not told.",
)
LOGGED_OUT = Kind(
    "logged-out",
    401,
    "The refresh token is not good, or no longer",
    "Log in again. A token is good once, and for 30 days from the login; a password that was changed ends all logins.",
)
DELAYED = Kind(
    "delayed",
    429,
    "Too many wrong passwords for this account from this address",
    "Wait for the seconds that `Retry-After` says. From another address the right password works at once.",
)

_ALL = (
    TAKEN,
    STALE,
    UNCONDITIONAL,
    KEYLESS,
    KEY_REUSED,
    UNDER_WAY,
    SOLD_OUT,
    PRICE_CHANGED,
    DECLINED,
    WRONG_CREDENTIALS,
    LOGGED_OUT,
    DELAYED,
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
