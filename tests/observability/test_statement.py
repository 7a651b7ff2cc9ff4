"""Statements of SQL in a few words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.statement import statement_of, told


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ("SELECT ports.id, ports.name \nFROM ports \nWHERE ports.id = ?", "SELECT ports"),
        ("insert into ports (name) values ($1) returning id", "INSERT ports"),
        ("UPDATE ports SET name=? WHERE ports.id = ?", "UPDATE ports"),
        ("DELETE FROM ports WHERE ports.id = ?", "DELETE ports"),
        ("SELECT o.id FROM orders AS o, lines l WHERE l.of = o.id", "SELECT orders lines"),
        ("SELECT a FROM orders LEFT OUTER JOIN lines ON lines.of = orders.id", "SELECT orders lines"),
        ("INSERT INTO a (x) SELECT b.x FROM b", "INSERT a SELECT b"),
        ("WITH x AS (SELECT a FROM t) SELECT x.a FROM x", "SELECT t SELECT x"),
        ("INSERT INTO a (n) VALUES (?) ON CONFLICT (n) DO UPDATE SET n = ? WHERE a.n < ?", "INSERT a"),
        ("SELECT a FROM t WHERE a IS DISTINCT FROM b FOR UPDATE", "SELECT t"),
        ("SELECT n FROM generate_series(1, 2) AS n", "SELECT"),
        ("SELECT 1", "SELECT"),
        ('SELECT "order".id FROM "order"', "SELECT order"),
        ("SELECT a FROM t WHERE b = 'from secrets'", "SELECT t"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("COMMIT", "COMMIT"),
        ("PRAGMA foreign_keys=ON", "PRAGMA"),
        ("", ""),
    ],
)
def test_a_summary_says_what_is_done_to_what_in_the_order_of_the_statement(sql: str, summary: str) -> None:
    assert statement_of(sql).summary == summary


def test_operation_and_collection_are_said_where_there_is_one_of_them() -> None:
    assert statement_of("SELECT a FROM t")[1:] == ("SELECT", "t")
    assert statement_of("SELECT a FROM t, u")[1:] == ("SELECT", "")
    assert statement_of("DELETE FROM t WHERE id IN (SELECT id FROM t)")[1:] == ("", "t")


def test_a_summary_has_a_bound_and_no_half_of_a_name() -> None:
    names = [f"table_number_{number}" for number in range(100)]
    summary = statement_of("SELECT 1 FROM " + ", ".join(names)).summary  # noqa: S608 - nobody is asked that
    assert len(summary) <= 255
    assert set(summary.split()[1:]) < set(names)


def test_what_is_told_is_one_line_without_what_it_quotes() -> None:
    assert told("SELECT a \nFROM t \nWHERE b = 'it''s me' AND c = ?") == "SELECT a FROM t WHERE b = ? AND c = ?"


@given(
    st.text() | st.lists(st.sampled_from(["FROM", "SELECT", "UPDATE", ",", "(", "a", '"b"', "'c'", "AS"])).map(" ".join)
)
def test_any_text_has_a_summary(sql: str) -> None:
    assert len(statement_of(sql).summary) <= 255
