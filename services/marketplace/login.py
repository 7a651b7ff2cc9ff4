"""Signing up, logging in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, ConfigDict, StringConstraints

from discovery.web.validation import Schema, read_query
from services.kit.web.route import AROUND
from services.marketplace import visiting
from services.marketplace.accounts import Refused, accounts_for
from services.marketplace.addresses import page_of_ours
from services.marketplace.forms import Nothing, fields, see
from services.marketplace.pages import RENDERER
from services.marketplace.peers import Away
from services.marketplace.visiting import VISITOR

_UNHEARD = "The accounts cannot be reached at the moment, so nobody can log in. Everything else goes on."
_DOUBTFUL = (
    "The accounts did not answer in time. Try again in a moment; should your account be there by then, you can log in."
)
_TAKEN = "There is an account with this email already. Log in, or take another one."
_THERE = "Your account is there. Log in, now that you have one."

Next = Annotated[str, AfterValidator(page_of_ours)]


class Credentials(Schema):
    """Who wants to be known. What they may be the accounts service says."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
    password: Annotated[str, StringConstraints(max_length=1000)]
    next: Next = "/"


class LoginQuery(Schema):
    """``next`` is the page that is wanted."""

    model_config = ConfigDict(extra="ignore")

    next: Next = "/"


async def show_login(request: web.Request) -> web.StreamResponse:
    """``GET /login?next=``."""
    return _show(request, "login.html", read_query(request, LoginQuery).next)


async def show_sign_up(request: web.Request) -> web.StreamResponse:
    """``GET /signup?next=``."""
    return _show(request, "signup.html", read_query(request, LoginQuery).next)


async def log_in(request: web.Request) -> web.StreamResponse:
    """``POST /login``."""
    asked = fields(request, Credentials)
    try:
        await _begin(request, asked)
    except Refused as refused:
        return _again(request, "login.html", asked, refused.said)
    except Away:
        return _again(request, "login.html", asked, {"": _UNHEARD})
    return see(asked.next)


async def sign_up(request: web.Request) -> web.StreamResponse:
    """``POST /signup``. Who has signed up is logged in, whether by this form or by the first of two clicks."""
    asked, now_s = fields(request, Credentials), request.app[AROUND].clock.wall()
    form, wrong = "signup.html", {"": _DOUBTFUL}
    try:
        async with accounts_for(request) as accounts:
            try:
                made = await accounts.sign_up(asked.email, asked.password)
            except Refused as refused:
                return _again(request, form, asked, refused.said)
            form, wrong = ("login.html", {"": _THERE}) if made else (form, {"email": _TAKEN})
            # Who knows the password of one that was there is who made it.
            session = await accounts.log_in(asked.email, asked.password, now_s)
    except (Refused, Away):
        return _again(request, form, asked, wrong)
    await visiting.begin(request, session)
    return see(asked.next)


async def log_out(request: web.Request) -> web.StreamResponse:
    """``POST /logout``."""
    fields(request, Nothing)
    await visiting.end(request)
    return see("/")


async def _begin(request: web.Request, asked: Credentials) -> None:
    async with accounts_for(request) as accounts:
        session = await accounts.log_in(asked.email, asked.password, request.app[AROUND].clock.wall())
    await visiting.begin(request, session)


def _show(request: web.Request, template: str, wanted: str) -> web.Response:
    if request[VISITOR].session is not None:
        return see(wanted)
    return _page(request, template, email="", next=wanted, wrong={})


def _again(request: web.Request, template: str, asked: Credentials, wrong: Mapping[str, str]) -> web.Response:
    """The form, with what is wrong. What was asked was done in no part, so it is no page to come back to."""
    return _page(request, template, email=asked.email, next=asked.next, wrong=wrong)


def _page(request: web.Request, template: str, *, next: str, **facts: Any) -> web.Response:
    return request.app[RENDERER].page(request, template, whole=False, here=next, next=next, **facts)
