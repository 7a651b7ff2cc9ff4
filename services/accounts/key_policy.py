"""When a signing key is published, signs, and leaves. Pure: keys and the time in, what to do out.

There is always a next key that verifiers know already. A rotation only lets it sign, so it is at once, and nobody
meets a key that he has not heard of. The key before it stays for as long as what it signed may be used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

# How long an access token is good for. What is revoked ends so much later at the latest.
TOKEN_S = 300.0

# A key signs for so long, unless it is rotated by command.
SIGNS_S = 30 * 86400.0

# For how long a key is published before it may sign: verifiers ask again after minutes, see MAX_AGE_S.
AHEAD_S = 600.0

# For how long verifiers and caches between may believe what they were told.
MAX_AGE_S = 60

# How long a key stays when it has ceased to sign: a token's life, and as much again for clocks that differ and for
# an instance that has not heard of the rotation yet.
STAYS_S = 2 * TOKEN_S


@dataclass(frozen=True, slots=True)
class Term:
    """When the key of one *generation* was published, and from when on it signs, in seconds since the epoch."""

    generation: int
    published_s: float
    signs_s: float


def signing(terms: Sequence[Term], now_s: float) -> Term | None:
    """The key that signs now: the newest whose time has come. After the clock was set back, that may be nobody's; then
    it is the oldest, which is the one that signed.
    """
    come = [term for term in terms if term.signs_s <= now_s]
    return max(come, key=_generation) if come else min(terms, key=_generation, default=None)


def published(terms: Sequence[Term], now_s: float) -> list[Term]:
    """Those that verifiers are told of: all but those whose last token has expired."""
    return [term for term in terms if not is_over(term, terms, now_s)]


def is_over(term: Term, terms: Iterable[Term], now_s: float) -> bool:
    """Whether everything that the key signed has expired."""
    followers = [other.signs_s for other in terms if other.generation > term.generation]
    return bool(followers) and min(followers) + STAYS_S <= now_s


def wanted(terms: Sequence[Term], now_s: float) -> Term | None:
    """The key to publish now; None: there is a next one. The very first signs at once, since nobody knows another."""
    newest = max(terms, key=_generation, default=None)
    if newest is None:
        return Term(1, now_s, now_s)
    if newest.signs_s > now_s:
        return None
    return Term(newest.generation + 1, now_s, max(newest.signs_s + SIGNS_S, now_s + AHEAD_S))


def rotated(terms: Sequence[Term], now_s: float, *, at_once: bool = False) -> Term | None:
    """The next key, to sign as soon as verifiers can know it; None: there is none, or it does so already.

    *at_once* does not wait for verifiers, for when a key was stolen. Who meets a key that he does not know asks for it.
    """
    following = min((t for t in terms if t.signs_s > now_s), key=_generation, default=None)
    if following is None:
        return None
    # Published in the future is published now: the clock was set back.
    soonest = now_s if at_once else max(now_s, min(following.published_s, now_s) + AHEAD_S)
    return replace(following, signs_s=soonest) if soonest < following.signs_s else None


def _generation(term: Term) -> int:
    return term.generation
