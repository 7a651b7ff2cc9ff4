"""A database and a role for each service, which nobody else may enter: ``python -m services.kit.data.roles ports``.

``DATABASE_URL`` is that of a role that may make both. What each service takes as its own ``DATABASE_URL`` is printed,
with a new password, once.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import database_url
from services.kit.data.faults import Refused

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_ROUNDS = 4096

# Nobody but the owner may even connect; and what nobody needs is taken from the owner.
_RIGHTS = (
    'ALTER ROLE "{0}" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 64',
    'REVOKE ALL ON DATABASE "{0}" FROM PUBLIC',
)
# Before version 15 anybody could make tables in the schema.
_INSIDE = ("REVOKE ALL ON SCHEMA public FROM PUBLIC", 'GRANT ALL ON SCHEMA public TO "{0}"')


async def make(administrator: URL, service: str) -> URL:
    """Make the database and the role of *service*, or give the role a new password; where it is, with that.

    Raises:
        Refused: when the name is none, or PostgreSQL does not let us.
    """
    if administrator.get_backend_name() != "postgresql":
        raise Refused("DATABASE_URL has to be that of a role of PostgreSQL that may make roles and databases")
    if not _NAME.fullmatch(service):
        raise Refused(f"{service!r} is no name of a service")
    password = secrets.token_urlsafe(24)
    place = administrator.set(drivername="postgresql")
    try:
        connection = await asyncpg.connect(place.render_as_string(hide_password=False))
        try:
            verb = "ALTER" if await _has(connection, "pg_roles WHERE rolname", service) else "CREATE"
            await connection.execute(f"{verb} ROLE \"{service}\" LOGIN PASSWORD '{_verifier(password)}'")
            if not await _has(connection, "pg_database WHERE datname", service):
                await connection.execute(f'CREATE DATABASE "{service}" OWNER "{service}" TEMPLATE template0')
            for right in _RIGHTS:
                await connection.execute(right.format(service))
        finally:
            await connection.close()
        inside = await asyncpg.connect(place.set(database=service).render_as_string(hide_password=False))
        try:
            for right in _INSIDE:
                await inside.execute(right.format(service))
        finally:
            await inside.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Refused(f"{service}: PostgreSQL does not do it: {error}") from None
    return place.set(database=service, username=service, password=password)


async def _has(connection: Any, what: str, name: str) -> bool:
    return bool(await connection.fetchval(f"SELECT count(*) FROM {what} = $1", name))  # noqa: S608 - ours, see above


def _verifier(password: str) -> str:
    """What PostgreSQL keeps of a password (RFC 5803): so no statement holds it, which a log may have."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    shown = [base64.b64encode(each).decode() for each in (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))]
    return f"SCRAM-SHA-256${_ROUNDS}:{shown[0]}${shown[1]}:{shown[2]}"


def main(arguments: Sequence[str]) -> None:
    """Make those that are named, and say where they are."""
    parser = ArgumentParser(prog="python -m services.kit.data.roles", description="Make a database and a role each.")
    parser.add_argument("service", nargs="+")
    asked = parser.parse_args(arguments)
    try:
        administrator = database_url("roles", os.environ)
        for service in asked.service:
            made = asyncio.run(make(administrator, service))
            sys.stdout.write(f"{service}: DATABASE_URL={made.render_as_string(hide_password=False)}\n")
    except (Refused, discovery.ConfigError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
