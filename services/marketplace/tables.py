"""What the shop keeps for those who come: logins and baskets. All times are in seconds since 1970."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Double, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, String, Table

TABLES = MetaData()

SESSIONS = Table(
    "sessions",
    TABLES,
    # Of what is in the cookie, so that who reads this table is nobody's browser.
    Column("digest", LargeBinary, primary_key=True),
    Column("account", String, nullable=False),
    Column("email", String, nullable=False),
    Column("staff", Boolean, nullable=False),
    # The tokens, which can be read by what is in the cookie alone.
    Column("tokens", LargeBinary, nullable=False),
    Column("renew_s", Double, nullable=False),
    Column("expires_s", Double, nullable=False, index=True),
)

BASKETS = Table(
    "baskets",
    TABLES,
    # An account or a browser, see Visitor.owner.
    Column("owner", String, nullable=False),
    Column("laptop", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    # What its owner was told of it.
    Column("title", String, nullable=False),
    Column("price_cents", Integer, nullable=False),
    Column("currency", String, nullable=False),
    Column("changed_s", Double, nullable=False, index=True),
    PrimaryKeyConstraint("owner", "laptop"),
)
