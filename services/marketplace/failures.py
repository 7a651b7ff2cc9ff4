"""What goes wrong is told as a page of the shop, never as a traceback or a bare line."""

from __future__ import annotations

import logging
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from yarl import URL

from discovery.web import Problem
from services.kit.data.faults import Unusable
from services.marketplace.addresses import page_of
from services.marketplace.forms import see
from services.marketplace.pages import RENDERER
from services.marketplace.visiting import OUT_OF_REACH, LoggedOut

_log = logging.getLogger(__name__)

_NOT_THIS = "This is no page that can be opened, or no form that can be sent."


@web.middleware
async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a page; ``OPTIONS`` is answered from what the route allows."""
    try:
        return await handler(request)
    except LoggedOut:
        return see(str(URL("/login").with_query(next=page_of(request))))
    except Unusable as problem:
        _log.warning("%s %s: %s", problem.instance, problem.detail, problem.cause)
        return _page(request, Problem(503, OUT_OF_REACH, headers=problem.headers))
    except Problem as problem:
        return _page(request, problem)
    except web.HTTPMethodNotAllowed as refusal:
        allow = ", ".join(sorted({*refusal.allowed_methods, hdrs.METH_OPTIONS}))
        if request.method == hdrs.METH_OPTIONS:
            return web.Response(status=204, headers={hdrs.ALLOW: allow})
        return _page(request, Problem(405, _NOT_THIS, headers={hdrs.ALLOW: allow}))
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        said = "There is nothing under this address." if refusal.status == 404 else refusal.reason
        return _page(request, Problem(refusal.status, said))
    except ConnectionError:
        # The visitor left: there is nobody to tell.
        raise
    except Exception:  # noqa: BLE001 - see below
        # Whatever a handler did not foresee: its visitor learns that it was us, and the log learns the rest.
        failure = Problem(500, "That was our mistake, not yours.")
        _log.exception("%s unhandled exception", failure.instance)
        return _page(request, failure)


def _page(request: web.Request, problem: Problem) -> web.Response:
    page = request.app[RENDERER].page(
        request,
        "problem.html",
        status=problem.status,
        whole=False,
        title=HTTPStatus(problem.status).phrase,
        problem=problem,
        back=page_of(request) if request.method == hdrs.METH_POST else "/",
    )
    page.headers.update(problem.headers)
    return page
