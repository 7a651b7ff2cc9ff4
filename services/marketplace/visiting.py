"""What every request meets: its browser is known again, and a form that is not ours is not heard."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from sqlalchemy import Connection

from discovery.web import Problem
from services.kit.web.route import AROUND, DATABASE
from services.marketplace import basket_store, session_store
from services.marketplace.accounts import accounts_for
from services.marketplace.addresses import scheme_of
from services.marketplace.forms import FIELDS, read_form
from services.marketplace.peers import Away
from services.marketplace.visitor import Session, Visitor

_log = logging.getLogger(__name__)

VISITOR = web.RequestKey("visitor", Visitor)
OUT_OF_REACH = "What the shop keeps for you cannot be reached at the moment. Whatever needs no login goes on."

# A browser keeps its basket for as long, from when it first came.
_KEPT_S = 30 * 24 * 3600
_FILES = ("/static/", "/drawings/")


class LoggedOut(Exception):
    """Nobody is logged in, or no longer; the page is for who is."""


@web.middleware
async def visiting(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Know who looks, and give who is new a cookie with a page; what is posted is a form of ours.

    What is nowhere to be found, and files, are for anybody.
    """
    if request.match_info.http_exception is not None or request.path.startswith(_FILES):
        return await handler(request)
    visitor = Visitor.of(request.cookies.get(_cookie(request)))
    # First, for the page that refuses a form is somebody's, too.
    request[VISITOR] = visitor if visitor.is_new else await _recognised(request, visitor)
    if request.method == hdrs.METH_POST:
        request[FIELDS] = await read_form(request, visitor)
    response = await handler(request)
    shown = response.status == 303 or response.content_type == "text/html"
    if (visitor := request[VISITOR]).is_new and shown:
        _give(request, response, visitor)
    return response


def session_of(request: web.Request) -> Session:
    """Who is logged in.

    Raises:
        LoggedOut: when nobody is.
        Problem: 503, while nobody can tell.
    """
    visitor = request[VISITOR]
    if not visitor.known:
        raise Problem(503, OUT_OF_REACH, headers={hdrs.RETRY_AFTER: "1"})
    if visitor.session is None:
        raise LoggedOut
    return visitor.session


async def access_of(request: web.Request) -> str:
    """The access token of who is logged in, by which other services know him. It is renewed when it has to be.

    Raises:
        LoggedOut: when nobody is, or the accounts service says so.
        Away: when it has to be renewed, and the accounts service is away.
    """
    session, now_s = session_of(request), request.app[AROUND].clock.wall()
    if now_s >= session.renew_s:
        request[VISITOR] = replace(request[VISITOR], session=await _renewed(request, now_s))
    return session_of(request).access


async def _renewed(request: web.Request, now_s: float) -> Session | None:
    """The login with tokens that count; None: it is over.

    What this request began with may be old: a stream of events lasts, and other pages renew the tokens meanwhile. Who
    asks with a refresh token that was used is taken for a thief, and all of the login ends.
    """
    database, visitor = request.app[DATABASE], request[VISITOR]
    session: Session | None = await database.read(partial(session_store.find, visitor=visitor, now_s=now_s))
    if session is None or now_s < session.renew_s:
        return session
    async with accounts_for(request) as accounts:
        new = await accounts.renewed(session, now_s)
    if new is None:
        await database.write(partial(session_store.end, visitor=visitor))
    else:
        await database.write(partial(session_store.renew, visitor=visitor, old=session, new=new))
    return new


async def begin(request: web.Request, session: Session) -> None:
    """Log in: the browser gets another secret, since somebody might know the one from before.

    What was in its basket is put into that of the account. Another account's that was logged in there stays its own.
    """
    before, visitor, now_s = request[VISITOR], Visitor.new(session), request.app[AROUND].clock.wall()
    nobody = replace(before, session=None)

    def work(connection: Connection) -> None:
        session_store.end(connection, before)
        session_store.begin(connection, visitor, session, now_s)
        basket_store.merge(connection, nobody.owner, visitor.owner, now_s)

    await request.app[DATABASE].write(work)
    request[VISITOR] = visitor


async def end(request: web.Request) -> None:
    """Log out, here and, as soon as the accounts service hears it, everywhere."""
    visitor = request[VISITOR]
    await request.app[DATABASE].write(partial(session_store.end, visitor=visitor))
    request[VISITOR] = Visitor.new()
    if visitor.session is not None:
        try:
            async with accounts_for(request) as accounts:
                await accounts.log_out(visitor.session)
        except Away as away:
            # Its tokens are forgotten here, and were never elsewhere.
            _log.warning("a login was not ended at accounts, and ends there by itself: %s", away)


async def _recognised(request: web.Request, visitor: Visitor) -> Visitor:
    now_s = request.app[AROUND].clock.wall()

    def work(connection: Connection) -> Visitor:
        known = replace(visitor, session=session_store.find(connection, visitor, now_s))
        return replace(known, basket=basket_store.count(connection, known.owner))

    try:
        return await request.app[DATABASE].read(work)
    except Problem as problem:
        _log.warning("nobody is recognised: %s", problem.detail)
        return replace(visitor, known=False)


def _cookie(request: web.Request) -> str:
    """Its name, by which a browser holds what came by HTTPS to that, and to this host alone."""
    return "__Host-session" if scheme_of(request) == "https" else "session"


def _give(request: web.Request, response: web.StreamResponse, visitor: Visitor) -> None:
    response.set_cookie(
        _cookie(request),
        visitor.secret,
        max_age=_KEPT_S,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=scheme_of(request) == "https",
    )
