"""The accounts over HTTP: the routes, and what stands behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from argon2 import Parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

import discovery
from services.accounts.address import address_of
from services.accounts.hashing import Hashing
from services.accounts.key_policy import MAX_AGE_S
from services.accounts.keyring import Keyring
from services.accounts.membership import Membership
from services.accounts.model import (
    Account,
    AccountDraft,
    KeySet,
    LoginDraft,
    PasswordChange,
    PasswordChanged,
    PublicKey,
    RefreshDraft,
    Tokens,
)
from services.accounts.sessions import Sessions
from services.kit.application import application
from services.kit.auth.issuer import Issuer
from services.kit.auth.verifier import unauthorised
from services.kit.problems import DELAYED, LOGGED_OUT, WRONG_CREDENTIALS
from services.kit.service import Service, Settings
from services.kit.web.route import DATABASE, Asked, Reply, Route

KEYRING = web.AppKey("keyring", Keyring)
MEMBERSHIP = web.AppKey("membership", Membership)
SESSIONS = web.AppKey("sessions", Sessions)

# Who it is where no AUTH_ISSUER says so: the name that the mesh knows it by.
ISSUER = Issuer("http://accounts", "mesh")

# RFC 6749, 5.1: nothing between keeps what is only for one.
_PRIVATE = {"Cache-Control": "no-store"}


async def sign_up(asked: Asked[AccountDraft, None]) -> Reply:
    """Make an account."""
    account = await asked.request.app[MEMBERSHIP].sign_up(asked.body)
    return Reply(account, headers={"Location": "/accounts/me"})


async def read_account(asked: Asked[None, None]) -> Reply:
    """Read one's own account."""
    return Reply(await asked.request.app[MEMBERSHIP].read(_subject(asked)), headers=_PRIVATE)


async def delete_account(asked: Asked[None, None]) -> None:
    """Delete one's own account, and end all of its logins."""
    await asked.request.app[MEMBERSHIP].delete(_subject(asked))


async def change_password(asked: Asked[PasswordChange, None]) -> PasswordChanged:
    """Change one's password, and end all logins."""
    membership, address = asked.request.app[MEMBERSHIP], address_of(asked.request)
    return await membership.change_password(_subject(asked), asked.body, address)


async def log_in(asked: Asked[LoginDraft, None]) -> Reply:
    """Log in: tokens for a password."""
    tokens = await asked.request.app[SESSIONS].log_in(asked.body, address_of(asked.request))
    return Reply(tokens, headers=_PRIVATE)


async def renew(asked: Asked[RefreshDraft, None]) -> Reply:
    """Renew tokens: the next ones for a refresh token."""
    return Reply(await asked.request.app[SESSIONS].renew(asked.body.refresh_token), headers=_PRIVATE)


async def log_out(asked: Asked[RefreshDraft, None]) -> None:
    """Log out: end the login that a refresh token is of."""
    await asked.request.app[SESSIONS].log_out(asked.body.refresh_token)


async def tell_keys(asked: Asked[None, None]) -> Reply:
    """Read the keys that tokens are verified by."""
    keys = await _key_set(asked.request.app)
    return Reply(keys, headers={"Cache-Control": f"public, max-age={MAX_AGE_S}"})


ROUTES = (
    Route("POST", "/accounts", sign_up, body=AccountDraft, answers={201: Account}),
    Route("GET", "/accounts/me", read_account, answers={200: Account}, scope="customer"),
    Route("DELETE", "/accounts/me", delete_account, answers={204: None}, scope="customer"),
    Route(
        *("PUT", "/accounts/me/password", change_password),
        body=PasswordChange,
        answers={200: PasswordChanged},
        scope="customer",
        refuses=[DELAYED.status],
    ),
    Route(
        *("POST", "/token", log_in),
        body=LoginDraft,
        answers={200: Tokens},
        refuses=[WRONG_CREDENTIALS.status, DELAYED.status],
    ),
    Route("POST", "/token/refresh", renew, body=RefreshDraft, answers={200: Tokens}, refuses=[LOGGED_OUT.status]),
    Route("POST", "/logout", log_out, body=RefreshDraft, answers={204: None}),
    Route("GET", "/.well-known/jwks.json", tell_keys, answers={200: KeySet}),
)
SERVICE = Service("accounts", port=5004, api="1.0.0", home=Path(__file__).parent, routes=ROUTES)


def build(
    settings: Settings,
    around: discovery.Surroundings | None = None,
    parameters: Parameters = RFC_9106_LOW_MEMORY,
) -> web.Application:
    """The service. Its own tokens count at it by its own keys, which it need not ask anybody for."""
    around, issuer = around or discovery.Surroundings(), settings.issuer or ISSUER
    hashing = Hashing(parameters)

    async def fetch() -> bytes:
        return (await _key_set(app)).model_dump_json().encode()

    async def opened(_: web.Application) -> AsyncIterator[None]:
        async with hashing:
            yield

    app = application(SERVICE, replace(settings, issuer=issuer), around, fetch=fetch)
    app[KEYRING] = keyring = Keyring(app[DATABASE], around)
    app[MEMBERSHIP] = Membership(app[DATABASE], hashing, around)
    app[SESSIONS] = Sessions(app[DATABASE], hashing, keyring, issuer, around)
    app.cleanup_ctx.append(opened)
    return app


async def _key_set(app: web.Application) -> KeySet:
    return KeySet(keys=[PublicKey(x=key.point, kid=key.name) for key in await app[KEYRING].published()])


def _subject(asked: Asked[Any, Any]) -> str:
    # None is for where nobody is asked who he is, which is never here.
    if asked.caller is None:
        raise unauthorised(sent=False)
    return asked.caller.subject
