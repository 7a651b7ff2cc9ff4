"""Tokens against the keys that are known, each verified once: that costs more than all else on a request's way."""

from __future__ import annotations

import re
from hashlib import sha256

from aiohttp import hdrs, web

from discovery.web import Problem
from services.kit.auth.key_ring import KeyRing
from services.kit.auth.token import Caller, Refused, Verdict, judge, read

# What is kept of one is less than 1 kB. Only tokens that count are kept, so a stranger cannot push others out.
_VERDICTS_MAX = 4096

# RFC 9110, 11.1: how the scheme is written does not matter, and one space or several come after it.
_SCHEME = re.compile("bearer +(.*)", re.IGNORECASE)


class Verifier:
    """Says whose token it is. What it said of one holds until that expires, or its key is no longer published."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        # By digest: who reads our memory, or a dump of it, should not find tokens.
        self._verdicts: dict[bytes, Verdict] = {}

    async def caller(self, request: web.BaseRequest) -> Caller:
        """Whose token came with *request*.

        Raises:
            Problem: as :meth:`verify`; 401, too, when there is none, or when there are several headers of which one
                might be somebody else's.
        """
        return await self.verify(_bearer(request))

    async def verify(self, token: str) -> Caller:
        """Whose *token* it is.

        Raises:
            Problem: 401, the same whatever is wrong with it; 503 while no key of the issuer is known.
        """
        now = self._ring.clock.wall()
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        verdict = self._verdicts.get(digest)
        if verdict is not None:
            if now < verdict.until and self._ring.keys.get(verdict.key.kid) is verdict.key:
                return verdict.caller
            del self._verdicts[digest]
        try:
            verdict = await self._first_sight(token, now)
        except Refused:
            raise unauthorised(sent=True) from None
        if len(self._verdicts) >= _VERDICTS_MAX:
            # The one that was verified first: tokens live equally long, so it is the next to expire.
            del self._verdicts[next(iter(self._verdicts))]
        self._verdicts[digest] = verdict
        return verdict.caller

    async def _first_sight(self, token: str, now: float) -> Verdict:
        signed = read(token)
        if signed.kid not in self._ring.keys:
            await self._ring.renewed()
        if not self._ring.keys:
            raise Problem(
                503, "tokens cannot be verified yet: their issuer has not told its keys", headers={"Retry-After": "1"}
            )
        if (key := self._ring.keys.get(signed.kid)) is None:
            raise Refused("an unknown key")
        return judge(signed, key, self._ring.issuer, now)


def unauthorised(*, sent: bool) -> Problem:
    """The one answer to whoever has no token that counts; RFC 6750 names an error only where one was *sent*."""
    challenge = 'Bearer error="invalid_token"' if sent else "Bearer"
    return Problem(401, "this needs a valid access token", headers={"WWW-Authenticate": challenge})


def _bearer(request: web.BaseRequest) -> str:
    sent = request.headers.getall(hdrs.AUTHORIZATION, ())
    if len(sent) > 1:
        raise unauthorised(sent=True)
    if not sent or not (found := _SCHEME.fullmatch(sent[0])):
        raise unauthorised(sent=False)
    return found[1]
