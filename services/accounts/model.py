"""What is said to this service, and what it says. Secrets are left out of what a model is shown as."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from discovery.web.validation import Schema
from services.accounts.email import Email
from services.accounts.password import GivenPassword, NewPassword

Role = Literal["customer", "staff"]

# No token of ours is as long; what else it may be the service says, in the same words for all.
GivenToken = Annotated[str, StringConstraints(min_length=1, max_length=256), Field(repr=False)]


class AccountDraft(Schema):
    """Who signs up."""

    email: Email
    password: NewPassword


class LoginDraft(Schema):
    """Who logs in."""

    email: Email
    password: GivenPassword


class RefreshDraft(Schema):
    """A refresh token, to be renewed or given up."""

    refresh_token: GivenToken


class PasswordChange(Schema):
    """The password that is, and the one that shall be."""

    old: GivenPassword
    new: NewPassword


class Account(Schema):
    """An account, as its owner sees it. Staff may do all that a customer may."""

    id: str
    email: str
    role: Role


class Tokens(Schema):
    """What a login is worth (RFC 6749, 5.1). ``expires_in`` is in seconds, and about the access token."""

    access_token: str = Field(repr=False)
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, as RFC 6750 calls it
    expires_in: int
    refresh_token: str = Field(repr=False)
    scope: str


class PasswordChanged(Schema):
    """How many logins ended with the old password, the caller's own included."""

    logins_ended: int


class PublicKey(Schema):
    """A key that verifies signatures (RFC 7517)."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    x: str
    kid: str
    use: Literal["sig"] = "sig"
    alg: Literal["EdDSA"] = "EdDSA"


class KeySet(Schema):
    """The keys by which a token that is still good may be signed, and the next one."""

    keys: list[PublicKey]
