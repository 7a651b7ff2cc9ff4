"""Who asks, and whether he may: what stands before a handler that is not for everybody."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import hdrs, web

import discovery
from discovery.web import Problem
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import Fetch, KeyRing, fetch_keys
from services.kit.auth.token import Caller
from services.kit.auth.verifier import Verifier

_log = logging.getLogger(__name__)

VERIFIER = web.AppKey("verifier", Verifier)


def guard(
    app: web.Application, issuer: Issuer | None, around: discovery.Surroundings, fetch: Fetch | None = None
) -> None:
    """Let tokens of *issuer* count at *app*, for :func:`caller_of`. Without one everybody may do everything.

    *fetch* brings the keys of who has them at hand; everybody else asks for them over the mesh.
    """
    if issuer is None:
        _log.warning("nobody is asked who he is, and anybody may change everything: AUTH_ISSUER names no issuer")
        return
    ring = KeyRing(issuer, around)
    app[VERIFIER] = Verifier(ring)

    async def following(app: web.Application) -> AsyncIterator[None]:
        async with ring.following(fetch or partial(fetch_keys, app[discovery.MESH], issuer)):
            yield

    app.cleanup_ctx.append(following)


async def caller_of(request: web.Request, scope: str) -> Caller | None:
    """Who asks, and may because his token has *scope*; None where the application has no issuer.

    Raises:
        Problem: 401 without a token that counts, 403 for one without *scope*, 503 while no key of the issuer is known.
    """
    if (verifier := request.app.get(VERIFIER)) is None:
        return None
    caller = await verifier.caller(request)
    if scope not in caller.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise Problem(403, f"this needs the role {scope}", headers={hdrs.WWW_AUTHENTICATE: challenge})
    return caller
