"""What the console keeps, and in which shape: the one place where the names of tables and columns stand.

Ids are bytes as on the wire and become hexadecimal at the edge. Times are nanoseconds since 1970 (a wire's 64 bits
are cut at 63, since SQLite's integers have a sign). Attributes are JSON objects. A row's ``id`` is the order in which
it came, so what is oldest for us has the lowest.
"""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint, text

METADATA = MetaData()

# Who speaks. Few rows: one for each process that ever sent something; equal resources share a row.
RESOURCES = Table(
    "resources",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("service", Text, nullable=False),
    Column("instance", Text, nullable=False),
    Column("attributes", Text, nullable=False),
)

SPANS = Table(
    "spans",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("trace_id", LargeBinary, nullable=False),
    Column("span_id", LargeBinary, nullable=False),
    Column("parent_id", LargeBinary, nullable=False),  # empty for a root
    Column("resource", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # internal, server, client, producer, consumer
    Column("start_ns", Integer, nullable=False),
    Column("end_ns", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("route", Text, nullable=False),  # of a request; else empty
    Column("status", Integer),  # of HTTP, where there is one
    Column("peer", Text, nullable=False),  # the service that was called; else empty
    Column("attempt", Integer, nullable=False),  # its number, from 1; 0 for what is no attempt
    Column("attributes", Text, nullable=False),
    Column("events", Text, nullable=False),  # a JSON array of {"name", "time_ns", "attributes"}, or empty
    Column("links", Text, nullable=False),  # a JSON array of {"trace_id", "span_id", "attributes"}, or empty
    # A span that comes twice counts once.
    UniqueConstraint("trace_id", "span_id"),
    # For the loads, the map and the filter by route: each has all that its question needs, of the few rows it is about.
    Index(
        "spans_served",
        *("start_ns", "resource", "end_ns", "failed", "status", "kind"),
        sqlite_where=text("kind = 'server'"),
    ),
    Index(
        "spans_attempted",
        *("start_ns", "resource", "peer", "end_ns", "failed", "status", "attempt"),
        sqlite_where=text("attempt > 0"),
    ),
    Index("spans_by_route", "route", "trace_id", sqlite_where=text("route != ''")),
)

# One row for each trace, brought up to date with every batch, so that a list need not look at spans.
TRACES = Table(
    "traces",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("trace_id", LargeBinary, nullable=False, unique=True),
    Column("start_ns", Integer, nullable=False),
    Column("end_ns", Integer, nullable=False),
    Column("spans", Integer, nullable=False),
    Column("errors", Integer, nullable=False),  # 5xx, and what failed without an answer of 4xx
    Column("retries", Integer, nullable=False),  # attempts after the first
    # What stands at the top: the root, or for want of one what came first. rooted tells which.
    Column("rooted", Integer, nullable=False),
    Column("service", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("status", Integer),
    Index("traces_by_time", "start_ns"),
)

# Which services took part in a trace, and with how many spans.
MEMBERS = Table(
    "members",
    METADATA,
    Column("trace", Integer, primary_key=True),  # traces.id
    Column("service", Text, primary_key=True),
    Column("spans", Integer, nullable=False),
    Index("members_by_service", "service", "trace"),
    sqlite_with_rowid=False,
)

LOGS = Table(
    "logs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("trace_id", LargeBinary, nullable=False),  # empty for a line that belongs to none
    Column("span_id", LargeBinary, nullable=False),
    Column("resource", Integer, nullable=False),
    Column("time_ns", Integer, nullable=False),
    Column("severity", Integer, nullable=False),  # OTLP's numbers: 9 info, 13 warn, 17 error
    Column("level", Text, nullable=False),
    Column("logger", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("logs_by_trace", "trace_id"),
)

# The latest points of every series: one row for each report.
POINTS = Table(
    "points",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("resource", Integer, nullable=False),
    Column("metric", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),  # gauge, sum, counter (a sum that only grows) or histogram
    Column("attributes", Text, nullable=False),
    Column("time_ns", Integer, nullable=False),
    Column("value", Float, nullable=False),  # of a histogram: the sum
    Column("count", Integer, nullable=False),  # of a histogram; else 0
    Column("buckets", Text, nullable=False),  # of a histogram: {"bounds": [...], "counts": [...]}; else empty
    Index("points_by_resource", "resource", "time_ns"),
)
