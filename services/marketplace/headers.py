"""What every answer says to a browser: all comes from here, nothing runs but files of ours, nobody frames it."""

from __future__ import annotations

from aiohttp import web

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers, whoever made the answer."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
