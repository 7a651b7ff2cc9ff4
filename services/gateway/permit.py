"""Who may go on: a token is verified here, as its service will do again, so strangers cost nobody behind us a thing."""

from __future__ import annotations

from aiohttp import hdrs, web

from discovery.web import Problem
from services.gateway.edge.limits import LIMITS
from services.gateway.table import Way
from services.kit.auth.guard import VERIFIER


async def permit(request: web.Request, way: Way) -> None:
    """Let *request* pass where its caller meets what *way* demands. Without an issuer nobody is asked, as behind us.

    Raises:
        Problem: 401 without a token that counts, 403 for one that is not enough, 503 while no key of the issuer is
            known; 429 when its user asks too often.
    """
    if not way.demands or (verifier := request.app.get(VERIFIER)) is None:
        return
    caller = await verifier.caller(request)
    request.app[LIMITS].admit_user(request, caller.subject)
    for ways_in in way.demands:
        if not any(scopes <= caller.scopes for scopes in ways_in):
            scope = " ".join(sorted(ways_in[0])) if ways_in else ""
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            raise Problem(403, "the token does not have the role for this", headers={hdrs.WWW_AUTHENTICATE: challenge})
