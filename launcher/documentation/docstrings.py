"""An extension of griffe: our docstrings, which a terminal shows as they are, as the Markdown that the site reads.

An example stands indented after two colons, and a name may say with a role what it is, as Sphinx has it. What a
class lists is shown below what is said of it, where a signature does not: the words of an enumeration with the comments
beside them, the fields of a tuple or a dictionary.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

from griffe import Attribute, Class, Extension, Object

_EXAMPLE = re.compile(r"(?P<colons>::)\n\n(?P<code>(?:(?: {4}.*)?\n?)+)")
_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`(?:(?P<title>[^`<]+) <)?~?(?P<name>[^`>]+)>?`")
_WORD = re.compile(r"(?P<name>\w+) = \"(?P<value>.*?)\"(?:  # (?P<comment>.*))?$")


class AsMarkdown(Extension):
    """Rewrites each docstring when it is read."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of *obj*, if it has one."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Say what *cls* lists."""
        if cls.docstring is not None:
            cls.docstring.value += listed(cls)


def as_markdown(docstring: str) -> str:
    """Fence the examples of a docstring, and take off the roles of names."""
    shown = _ROLE.sub(lambda role: f"`{role['title'] or role['name'].rpartition('.')[2]}`", docstring)
    return _EXAMPLE.sub(_fenced, shown)


def listed(cls: Class) -> str:
    """The words of an enumeration, or the fields of a tuple or a dictionary; nothing of another class."""
    kinds = {str(base) for base in cls.bases}
    lines = [line.strip() for member in cls.members.values() if isinstance(member, Attribute) for line in member.lines]
    if "StrEnum" in kinds:
        words = filter(None, map(_WORD.match, lines))
        return "\n\n" + "\n".join(f"- `{w['value']}`" + (f": {w['comment']}" if w["comment"] else "") for w in words)
    if kinds & {"NamedTuple", "TypedDict"}:
        return "\n\n" + "\n".join(["```python", *lines, "```"])
    return ""


def _fenced(example: re.Match[str]) -> str:
    before = example.string[: example.start()]
    colon = "" if not before or before.endswith("\n") else ":"
    code = textwrap.dedent(example["code"]).strip("\n")
    return f"{colon}\n\n```python\n{code}\n```\n\n"
