"""The ``filter=`` language of Consul's API: ``Service.Meta.version == "1" and "blue" in Service.Tags``.

A filter is checked against the shape of what it is for before it sees any of it, so that a wrong name is an error
and not an empty answer. Here is the grammar; what a single match means is in :mod:`discovery.devagent.matching`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from discovery.devagent.matching import Path, Shape, Test, match
from discovery.devagent.refusal import Refused

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<sign>==|!=)
    | (?P<mark>[().\[\]])
    | (?P<name>[A-Za-z][A-Za-z0-9_]*)
    | (?P<number>-?\d+(?:\.\d+)?)
    | "(?P<text>[^"\\]*)" | `(?P<raw>[^`]*)`""",
    re.VERBOSE,
)
_DEEPEST = 64


def compile(text: str, shape: Shape) -> Test:  # noqa: A001 -- as in re.compile
    """Make a test of a filter; an empty one lets everything pass.

    Raises:
        Refused: 500 in Consul's words when it makes no sense for that shape.
    """
    if not text:
        return lambda thing: True
    try:
        return _Parser(text, shape).parse()
    except ValueError as exc:
        raise Refused(500, f"Failed to create boolean expression evaluator: {exc}") from None


class _Parser:
    """Recursive descent: ``or`` binds weaker than ``and``, that weaker than ``not``."""

    def __init__(self, text: str, shape: Shape) -> None:
        self._shape = shape
        self._tokens = list(_tokens(text))
        self._at = 0

    def parse(self) -> Test:
        test = self._alternatives(_DEEPEST)
        if self._tokens[self._at][0] != "end":
            raise self._unexpected('"and", "or" or EOF')
        return test

    def _alternatives(self, depth: int) -> Test:
        tests = [self._conditions(depth)]
        while self._take("or"):
            tests.append(self._conditions(depth))
        return tests[0] if len(tests) == 1 else lambda thing: any(test(thing) for test in tests)

    def _conditions(self, depth: int) -> Test:
        tests = [self._condition(depth)]
        while self._take("and"):
            tests.append(self._condition(depth))
        return tests[0] if len(tests) == 1 else lambda thing: all(test(thing) for test in tests)

    def _condition(self, depth: int) -> Test:
        if not depth:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")
        if self._take("not"):
            negated = self._condition(depth - 1)
            return lambda thing: not negated(thing)
        if self._take("("):
            test = self._alternatives(depth - 1)
            if not self._take(")"):
                at = self._tokens[self._at][2]
                raise ValueError(f'1:{at + 1} ({at}): rule "grouping": Unmatched parentheses')
            return test
        return self._match()

    def _match(self) -> Test:
        first = self._operand()
        if self._take("=="):
            return match("Equal", first, self._value(), self._shape)
        if self._take("!="):
            return match("Not Equal", first, self._value(), self._shape)
        if self._take("is"):
            operator = "Is Not Empty" if self._take("not") else "Is Empty"
            if not self._take("empty"):
                raise self._unexpected('"empty"')
            return match(operator, first, "", self._shape)
        negation = "Not " if self._take("not") else ""
        if self._take("in"):
            return match(f"{negation}In", self._operand(), ".".join(first), self._shape)
        if self._take("contains"):
            return match(f"{negation}In", first, self._value(), self._shape)
        if self._take("matches"):
            return match(f"{negation}Matches", first, self._value(), self._shape)
        raise self._unexpected('"!=", "==", "contains", "in", "is", "matches" or "not"')

    def _operand(self) -> Path:
        """A selector or a value: which of them only what follows tells."""
        kind, word, _ = self._tokens[self._at]
        if kind not in {"name", "number", "text", "raw"}:
            raise self._unexpected("a selector or a value")
        self._at += 1
        path = [word]
        while kind == "name":
            if self._take("."):
                path.append(self._part("name", "[a-zA-Z]"))
            elif self._take("["):
                path.append(self._part("text", "a quoted name"))
                if not self._take("]"):
                    raise self._unexpected('"]"')
            else:
                break
        return tuple(path)

    def _part(self, kind: str, expected: str) -> str:
        found, word, _ = self._tokens[self._at]
        if found != kind:
            raise self._unexpected(expected)
        self._at += 1
        return word

    def _value(self) -> str:
        return ".".join(self._operand())

    def _take(self, word: str) -> bool:
        kind, found, _ = self._tokens[self._at]
        taken = found == word and kind in {"name", "sign", "mark"}
        self._at += taken
        return taken

    def _unexpected(self, expected: str) -> ValueError:
        return _no_match(self._tokens[self._at][2], expected)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _no_match(at, "a selector, a value or an operator")
        if found.lastgroup != "space":
            yield found.lastgroup, found[found.lastgroup], at
        at = found.end()
    yield "end", "", at


def _no_match(at: int, expected: str) -> ValueError:
    return ValueError(f"1:{at + 1} ({at}): no match found, expected: {expected}")
