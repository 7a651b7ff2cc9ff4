"""A token verified where the keys are known, in this process: processor time at its first sight, and after that."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from statistics import median

from benchmarks.calls.goals import AtMost
from benchmarks.chaos.tokens import TokenMaker
from discovery import Surroundings
from discovery.clock import SystemClock
from launcher.development import Row
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import KeyRing
from services.kit.auth.keys import read_keys
from services.kit.auth.verifier import Verifier

_TOKENS, _ROUNDS, _QUICK_ROUNDS = 500, 15, 3
_GOAL = AtMost(60, "µs")


async def rows(*, quick: bool) -> Sequence[Row]:
    """Verify some tokens twice, again and again."""
    maker = TokenMaker()
    issuer = Issuer(maker.url, maker.audience)
    ring = KeyRing(issuer, Surroundings())
    ring.keys = read_keys(json.dumps(maker.jwks()).encode())
    first, again = [], []
    for _ in range(_QUICK_ROUNDS if quick else _ROUNDS):
        verifier = Verifier(ring)
        tokens = [maker.token(SystemClock().wall()) for _ in range(_TOKENS)]
        first.append(await _us(verifier, tokens))
        again.append(await _us(verifier, tokens))
    return [
        _GOAL.row("a token verified at its first sight, its key known: CPU", median(first)),
        _GOAL.row("a token verified again: CPU", median(again)),
    ]


async def _us(verifier: Verifier, tokens: Sequence[str]) -> float:
    began = time.process_time()
    for token in tokens:
        await verifier.verify(token)
    return (time.process_time() - began) / len(tokens) * 1e6
