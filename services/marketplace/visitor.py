"""Who looks: a browser with a secret in its cookie, and whoever is logged in there.

From the secret follow the name under which something is kept for that browser, and the token that its forms have:
neither leads back to it, and who knows the one knows nothing of the other.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field, replace

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """A login. ``access`` is good for the other services until a moment after ``renew_s`` (seconds since 1970)."""

    account: str
    email: str
    staff: bool
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_s: float
    expires_s: float

    def with_tokens(self, *, access: str, refresh: str, renew_s: float) -> Session:
        """The same login, with its next tokens."""
        return replace(self, access=access, refresh=refresh, renew_s=renew_s)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, with so many things in its ``basket``. ``is_new``: its cookie has to be set.

    ``known`` is False while nobody can tell who is logged in, nor what is in the basket.
    """

    secret: str = field(repr=False)
    is_new: bool = False
    session: Session | None = None
    basket: int = 0
    known: bool = True

    @classmethod
    def new(cls, session: Session | None = None) -> Visitor:
        """One with a secret that nobody had before."""
        return cls(secrets.token_urlsafe(32), True, session)

    @classmethod
    def of(cls, cookie: str | None) -> Visitor:
        """The one with that *cookie*, or a new one in the place of anything that we did not give."""
        return cls(cookie) if cookie and _SECRET.fullmatch(cookie) else cls.new()

    @property
    def digest(self) -> bytes:
        """By which the browser is known to the database."""
        return self._derived("session")

    @property
    def owner(self) -> str:
        """Whose the basket is: the account's where somebody is logged in, or else the browser's."""
        return f"account {self.session.account}" if self.session else f"browser {self._derived('basket').hex()}"

    @property
    def form(self) -> str:
        """What a form of this browser's has to say, which no other site can know."""
        return self._derived("form").hex()

    def wrote(self, form: str) -> bool:
        """Whether *form* is what a form says that was made for this browser."""
        return hmac.compare_digest(form.encode(), self.form.encode())

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self.secret.encode(), purpose.encode(), "sha256")
