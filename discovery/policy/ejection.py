"""Who is left out for failing, and when all are back.

What is known of one instance is its :class:`~discovery.policy.standing.Standing`. Here they are compared.

Any number may be out while one who is in is well. When nobody is, leaving out helps nobody: all are back at once, and
nobody is put out until one has succeeded, since then the service is broken and not an instance. Without that the
first to recover would have to bear all the load alone. Envoy and gRPC bound the share that may be out instead, at 10 %
by default; of three instances two may be broken, and the third does better alone than with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from random import Random
from typing import Generic, NamedTuple, Protocol, TypeVar

from discovery.policy.standing import Standing


def judge(standing: Standing, everybody: Iterable[Standing], now: float, rng: Random) -> float | None:
    """Put out one that failed too often, for the seconds returned; or all are back (``None``), as nobody else is well.

    *everybody* are the standings of all who might be chosen, itself included.
    """
    everybody = tuple(everybody)
    if any(each.well for each in everybody if each is not standing):
        return standing.put_out(now, rng)
    standing.peers.hopeless = True
    for each in everybody:
        each.let_in(now)
    return None


class Judged(Protocol):
    """Whoever has a standing."""

    @property
    def standing(self) -> Standing: ...


J = TypeVar("J", bound=Judged)


class Field(NamedTuple, Generic[J]):
    """Who may be chosen (``within``), who waits for a probe (``due``), and from when on that is to be asked again."""

    within: Sequence[J]
    due: Sequence[J]
    look_again_at: float


def candidates(everybody: Sequence[J], now: float) -> Field[J]:
    """Divide those who might be chosen. If none of them is in, since the others left, all are let in.

    Before it sends a probe to somebody who is due, the caller asks :meth:`Standing.is_due` again: another call may have
    been quicker.
    """
    if everybody:
        peers = everybody[0].standing.peers
        # Who is new among them, or may be chosen again, may be well.
        peers.hopeless = peers.hopeless and peers.members == len(everybody)
        peers.members = len(everybody)
        peers.failed = sum(each.standing.failures for each in everybody)
    within = [each for each in everybody if each.standing.out_until is None]
    if len(within) == len(everybody):
        return Field(everybody, (), inf)
    if not within:
        for each in everybody:
            each.standing.let_in(now)
        return Field(everybody, (), inf)
    return Field(within, *waiting([each for each in everybody if each.standing.out_until is not None], now))


def waiting(out: Iterable[J], now: float) -> tuple[Sequence[J], float]:
    """Of those who are *out*, who waits for a probe, the longest first, and from when on that is to be asked again."""
    ends = [(until, each) for each in out if (until := each.standing.out_until) is not None]
    due = sorted((end for end in ends if end[0] <= now), key=lambda end: end[0])
    return [each for _, each in due], min((until for until, _ in ends if until > now), default=inf)
