"""References in an answer (``Location``, ``Link``), as the client must see them: at a path of ours, or not at all.

A reference that leads anywhere else could only tell an address of ours, or send the client to somebody's choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from yarl import URL

from discovery.web import Problem
from services.gateway import target
from services.gateway.side import Side

# <target> and its parameters (RFC 8288, 3); a comma ends them unless it is quoted.
_LINK = re.compile(r'<([^<>]*)>((?:[^,"<>]|"[^"]*")*)')


# Whether the paths of a service that begin with a prefix can be seen here.
Owns: TypeAlias = Callable[[str, str], bool]


def public(reference: str, side: Side, asked: URL, answered_at: str, owns: Owns) -> str | None:
    """The public form of a reference in the answer that *answered_at* (``host:port``) gave to *asked*; None: none."""
    try:
        resolved = asked.join(URL(reference))
    except ValueError:
        return None
    if resolved.scheme != "http" or resolved.authority not in {asked.authority, answered_at}:
        return None
    if side is Side.API and not owns(asked.host or "", resolved.raw_parts[1]):
        return None
    seen = f"{side.value}{resolved.raw_path_qs}"
    try:
        # What we would refuse ourselves leads nowhere, or elsewhere: a browser takes //host for a host.
        target.parse(seen)
    except Problem:
        return None
    return f"{seen}#{resolved.raw_fragment}" if resolved.raw_fragment else seen


def links(value: str, rewrite: Callable[[str], str | None]) -> str:
    """The value of a ``Link`` header with each target rewritten; links without a public form are left out."""
    kept = ((rewrite(target), parameters.strip()) for target, parameters in _LINK.findall(value))
    return ", ".join(f"<{target}>{parameters}" for target, parameters in kept if target is not None)
