"""What a statement of SQL does, in a few words, and how it may leave the process. Pure.

A summary is the operations and what each is done to, in the order of the statement: ``SELECT ports``,
``INSERT laptops SELECT offers``. There are about as many of them as places in the code that ask a database, so spans
are called by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from observability.text import clip

# What the conventions advise for a summary.
_MOST = 255

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]+"|[A-Za-z_][\w.$]*|\S""")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NAME = re.compile(r'"|[A-Za-z_]')

_OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
_BEFORE_NAMES = frozenset({"FROM", "JOIN", "INTO", "UPDATE"})
# The same words where they ask for something else: ON CONFLICT … DO UPDATE, FOR UPDATE, IS DISTINCT FROM.
_ELSEWHERE = frozenset({("DO", "UPDATE"), ("FOR", "UPDATE"), ("KEY", "UPDATE"), ("DISTINCT", "FROM")})
# What follows a name and is no alias of it.
_AFTER_NAMES = frozenset(
    {"WHERE", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "ON", "USING", "SET", "VALUES", "ORDER"}
    | {"GROUP", "HAVING", "LIMIT", "OFFSET", "RETURNING", "UNION", "EXCEPT", "INTERSECT", "FOR", "SELECT", "DEFAULT"}
)


class Statement(NamedTuple):
    """``operation`` and ``collection`` are empty where a statement has not exactly one."""

    summary: str
    operation: str
    collection: str


def statement_of(sql: str) -> Statement:
    """What *sql* does."""
    words, operations, names = list[str](), list[str](), list[str]()
    for word, is_operation in _said(_TOKEN.findall(sql)):
        words.append(word)
        (operations if is_operation else names).append(word)
    only = set(names)
    summary = ""
    for word in words:
        if len(summary) + len(word) >= _MOST:
            break
        summary = f"{summary} {word}" if summary else word
    return Statement(
        summary,
        operations[0] if len(operations) == 1 else "",
        only.pop() if len(only) == 1 else "",
    )


def told(sql: str) -> str:
    """*sql* on one line, and without what it quotes: where one was put together by hand, that may be anybody's."""
    return clip(" ".join(_LITERAL.sub("?", sql).split()))


def _said(tokens: list[str]) -> Iterator[tuple[str, bool]]:
    """The words of the summary, each with whether it is an operation."""
    upper = [token.upper() for token in tokens]
    if not any(word in _OPERATIONS for word in upper):
        if tokens:
            yield upper[0], True
        return
    for at, word in enumerate(upper):
        if at and (upper[at - 1], word) in _ELSEWHERE:
            continue
        if word in _OPERATIONS:
            yield word, True
        if word in _BEFORE_NAMES:
            for name in _names(tokens, upper, at + 1):
                yield name, False


def _names(tokens: list[str], upper: list[str], at: int) -> Iterator[str]:
    """The names of a list that begins *at*, without their aliases."""
    while at < len(tokens) and _NAME.match(tokens[at]) and upper[at] not in _OPERATIONS:
        if at + 1 < len(tokens) and tokens[at + 1] == "(" and upper[at - 1] == "FROM":
            return  # a function that makes rows
        yield tokens[at].strip('"')
        at += 1
        if at < len(tokens) and upper[at] == "AS":
            at += 1
        if at < len(tokens) and _NAME.match(tokens[at]) and upper[at] not in _AFTER_NAMES:
            at += 1
        if at >= len(tokens) or tokens[at] != ",":
            return
        at += 1
