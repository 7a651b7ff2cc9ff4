"""What the environment says to a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy.engine import URL

from services.kit.auth.issuer import Issuer
from services.kit.data.database import database_url


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is, and whose tokens count."""

    database: URL
    issuer: Issuer | None = None

    @classmethod
    def from_env(cls, service: str, environ: Mapping[str, str]) -> Self:
        """What *environ* says to *service*.

        Raises:
            ConfigError: listing all that makes no sense.
        """
        return cls(database_url(service, environ), Issuer.from_env(environ))
