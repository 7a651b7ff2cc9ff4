"""The outermost middleware of a service: what leaves is an answer or a problem document, never a traceback."""

from __future__ import annotations

import logging

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from discovery import wire
from discovery.web.problem import Problem

_log = logging.getLogger(__name__)


@web.middleware
async def boundary(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into an answer; ``OPTIONS`` is answered from what the route allows."""
    try:
        return await handler(request)
    except Problem as problem:
        problem.with_request(request)
        if problem.status >= 500:
            _log.warning("%s %s: %s: %s", problem.instance, problem.status, problem.detail, problem.cause)
        return problem.response()
    except web.HTTPMethodNotAllowed as refusal:
        allow = ", ".join(sorted({*refusal.allowed_methods, hdrs.METH_OPTIONS}))
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers={hdrs.ALLOW: allow})
        refused = Problem(405, f"allowed here: {allow}", headers={hdrs.ALLOW: allow})
        return refused.with_request(request).response()
    except web.HTTPException as refusal:
        # Neither is for people: where to go instead, and that somebody else should be asked.
        if refusal.status < 400 or wire.NACK in refusal.headers:
            raise
        said = "there is nothing here" if refusal.status == 404 else refusal.reason
        return Problem(refusal.status, said).with_request(request).response()
    except ConnectionError:
        # The client left: there is nobody to tell.
        raise
    except Exception:  # noqa: BLE001 - see below
        # Whatever a handler did not foresee: its caller learns that it was us, and the log learns the rest.
        failure = Problem(500, "the service failed to handle this request").with_request(request)
        _log.exception("%s unhandled exception", failure.instance)
        return failure.response()
