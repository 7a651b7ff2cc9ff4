"""Whose tokens count here: what ``AUTH_ISSUER`` and ``AUTH_AUDIENCE`` say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import discovery

_AUDIENCE_MAX = 64


@dataclass(frozen=True, slots=True)
class Issuer:
    """*url* is what a token has to name as its issuer, and where its keys are; *audience* is what we go by."""

    url: str
    audience: str

    @property
    def keys_url(self) -> str:
        """Where it publishes its keys."""
        return f"{self.url}/.well-known/jwks.json"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self | None:
        """The issuer that *environ* names; None: nobody is asked who he is.

        Raises:
            ConfigError: when one of the two variables makes no sense.
        """
        url = environ.get("AUTH_ISSUER", "").strip()
        audience = environ.get("AUTH_AUDIENCE", "").strip() or "mesh"
        if not url:
            return None
        if not _is_issuer(url):
            raise discovery.ConfigError(
                "AUTH_ISSUER must be the URL of an issuer, with neither a slash at its end nor a query or a password: "
                "http://accounts is the service of that name"
            )
        if len(audience) > _AUDIENCE_MAX or not audience.isascii() or not audience.isprintable() or " " in audience:
            raise discovery.ConfigError(f"AUTH_AUDIENCE must be one word of at most {_AUDIENCE_MAX} characters")
        return cls(url, audience)


def _is_issuer(url: str) -> bool:
    # Tokens repeat it letter by letter, so of two ways to write it only one would be right.
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return plain and url.isascii() and url.isprintable() and not url.endswith("/") and not set(url) & set(" ?#@\\")
