"""Who is looking: a random name in a cookie, known to nobody else."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

from services.marketplace.addresses import scheme_of

_COOKIE = "customer"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEPT_S = 180 * 24 * 3600


def customer_of(request: web.Request) -> str:
    """The name that the browser sent, or a new one in the place of anything that we did not give."""
    sent = request.cookies.get(_COOKIE, "")
    return sent if _NAME.fullmatch(sent) else secrets.token_urlsafe(16)


def remember(request: web.Request, response: web.Response, customer: str) -> None:
    """Have the browser keep the name, unless it does already."""
    if request.cookies.get(_COOKIE) == customer:
        return
    https = scheme_of(request) == "https"
    response.set_cookie(_COOKIE, customer, max_age=_KEPT_S, path="/", httponly=True, samesite="Lax", secure=https)
