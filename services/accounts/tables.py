"""Where accounts, their logins, failed attempts and signing keys are kept. All times are seconds since the epoch."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, ForeignKey, Integer, LargeBinary, MetaData, String, Table

_METADATA = MetaData()

ACCOUNTS = Table(
    "accounts",
    _METADATA,
    # Chance, not a number: it is in tokens, and tells nobody how many accounts there are, nor is it given again.
    Column("id", String, primary_key=True),
    Column("email", String, nullable=False, unique=True),
    Column("password", String, nullable=False),
    Column("staff", Boolean, nullable=False),
)

FAMILIES = Table(
    "families",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("account", String, ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("key", LargeBinary, nullable=False),
    Column("newest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("renewed_s", Double, nullable=False),
    Column("expires_s", Double, nullable=False, index=True),
)

ATTEMPTS = Table(
    "attempts",
    _METADATA,
    # Of account and address together: who they were is nothing that has to be kept.
    Column("pair", LargeBinary, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("last_s", Double, nullable=False, index=True),
)

SIGNING_KEYS = Table(
    "signing_keys",
    _METADATA,
    # Each number is one key's alone, so of two instances that make the next one of them succeeds.
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("pair", String, nullable=False),
    Column("published_s", Double, nullable=False),
    Column("signs_s", Double, nullable=False),
)
