"""What the accounts service does for whoever signs up, logs in and logs out here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TypeVar

from aiohttp import hdrs, web
from pydantic import ValidationError

import discovery
from services.marketplace.goods import Foreign
from services.marketplace.peers import Answer, Away, ask
from services.marketplace.visitor import Session

# For all that one form asks for. A password takes a tenth of a second to check, and others may be before it.
LIMIT_S = 1.9
# A login ends so long after it began, here and there.
SESSION_S = 12 * 3600.0
# So long before its end an access token is renewed: what is asked with it has to be answered until then.
_EARLY_S = 60.0

_CREDENTIALS = "The email or the password is wrong."
_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "email": "This is not an address of electronic mail, like ada@example.org.",
        "password": "A password has 8 to 128 characters, and no line breaks.",
    }
)

F = TypeVar("F", bound=Foreign)


class Refused(Exception):
    """It was heard, and will not be done; *said* tells whoever sent the form why, by field, "" being the whole."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__("; ".join(said.values()))
        self.said = said


class _Tokens(Foreign):
    access_token: str
    expires_in: int
    refresh_token: str


class _Account(Foreign):
    id: str
    email: str
    role: str


class Accounts:
    """Asks on behalf of a browser at *address*, which is why nobody is delayed for the mistakes of others.

    All methods raise :class:`~services.marketplace.peers.Away`.
    """

    def __init__(self, mesh: discovery.Mesh, address: str) -> None:
        self._mesh = mesh
        self._headers: Mapping[str, str] = {hdrs.X_FORWARDED_FOR: address}

    async def sign_up(self, email: str, password: str) -> bool:
        """Make an account; False: there is one with this email.

        Raises:
            Refused: when there may not be such an account.
        """
        answer = await self._post("/accounts", {"email": email, "password": password})
        if answer.status == 409:
            return False
        if answer.status == 422:
            raise Refused(_wrong_fields(answer.document))
        if answer.status != 201:
            raise Away(f"status {answer.status}")
        return True

    async def log_in(self, email: str, password: str, now_s: float) -> Session:
        """A new login.

        Raises:
            Refused: when it is not to be had with these.
        """
        answer = await self._post("/token", {"email": email, "password": password})
        if answer.status in {401, 422}:
            raise Refused({"": _CREDENTIALS})
        if answer.status == 429:
            wait = answer.retry_after
            raise Refused({"": f"There were too many wrong passwords. Try again in {wait or 'some'} seconds."})
        tokens = _read(answer, _Tokens)
        account = _read(await self._get("/accounts/me", tokens.access_token), _Account)
        return Session(
            account=account.id,
            email=account.email,
            staff=account.role == "staff",
            access=tokens.access_token,
            refresh=tokens.refresh_token,
            renew_s=now_s + tokens.expires_in - _EARLY_S,
            expires_s=now_s + SESSION_S,
        )

    async def renewed(self, session: Session, now_s: float) -> Session | None:
        """The *session* with its next tokens; None: it is over."""
        answer = await self._post("/token/refresh", {"refresh_token": session.refresh})
        if answer.status == 401:
            return None
        tokens = _read(answer, _Tokens)
        return session.with_tokens(
            access=tokens.access_token,
            refresh=tokens.refresh_token,
            renew_s=now_s + tokens.expires_in - _EARLY_S,
        )

    async def log_out(self, session: Session) -> None:
        """End the *session* for good, wherever its tokens may be."""
        answer = await self._post("/logout", {"refresh_token": session.refresh})
        if answer.status != 204:
            raise Away(f"status {answer.status}")

    async def _post(self, path: str, document: Mapping[str, str]) -> Answer:
        return await ask(
            self._mesh,
            f"http://accounts{path}",
            within_s=LIMIT_S,
            method=hdrs.METH_POST,
            json=document,
            headers=self._headers,
        )

    async def _get(self, path: str, token: str) -> Answer:
        headers: Mapping[str, str] = {**self._headers, hdrs.AUTHORIZATION: f"Bearer {token}"}
        return await ask(self._mesh, f"http://accounts{path}", within_s=LIMIT_S, headers=headers)


@asynccontextmanager
async def accounts_for(request: web.Request) -> AsyncIterator[Accounts]:
    """The accounts service, for who sent *request*; the block has :data:`LIMIT_S`.

    Raises:
        Away: when that is not enough.
    """
    try:
        async with asyncio.timeout(LIMIT_S):
            yield Accounts(request.app[discovery.MESH], _address(request))
    except TimeoutError as error:
        raise Away("it took too long") from error


def _address(request: web.Request) -> str:
    """Where the browser is: the gateway's word, which is the last one, or who asks where there is no gateway."""
    said = request.headers.getall(hdrs.X_FORWARDED_FOR, [""])[-1].rpartition(",")[2].strip()
    return said or request.remote or "unknown"


def _read(answer: Answer, model: type[F]) -> F:
    try:
        return model.model_validate(answer.document if answer.status == 200 else None)
    except ValidationError as error:
        raise Away(f"status {answer.status}, and not what was asked for") from error


def _wrong_fields(document: object) -> Mapping[str, str]:
    """What is wrong with which field, in our words."""
    errors = document.get("errors") if isinstance(document, dict) else None
    named = {each.get("field") for each in errors if isinstance(each, dict)} if isinstance(errors, list) else set()
    return {name: said for name, said in _FIELDS.items() if name in named} or dict(_FIELDS)
