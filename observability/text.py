"""Text from strangers, made fit for spans and terminals: short, without secrets, and on one line."""

from __future__ import annotations

import re

# Longer URLs and user agents are evidence of an attack, not of what a request was about.
LIMIT = 1024

REDACTED = "REDACTED"

# Whatever could start a line of its own or move the cursor: C0, DEL, C1, the line and paragraph separators,
# and the marks that turn the direction of writing round.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def escape(text: str) -> str:
    r"""*text* on one line: every control character becomes its ``\x`` or ``\u`` escape."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def clip(text: str, limit: int = LIMIT) -> str:
    """*text* as it may leave the process: what is too long is cut, and says by how much.

    A server's framework keeps undecodable bytes as lone surrogates. No such character can be encoded, and the
    whole batch with it would be lost.
    """
    if len(text) > limit:
        text = f"{text[:limit]}…(+{len(text) - limit})"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def redact_query(query: str) -> str:
    """The names of the parameters without their values: a value may be a token or a person's name."""
    return clip("&".join(_redact_pair(pair) for pair in query.split("&")))


def redact_url(url: str) -> str:
    """*url* without user, password, fragment and the values of its query."""
    rest, _, _ = url.partition("#")
    rest, question, query = rest.partition("?")
    if "@" in rest:
        scheme, separator, after = rest.partition("://")
        authority, slash, path = after.partition("/")
        rest = f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"
    return f"{clip(rest)}?{redact_query(query)}" if question else clip(rest)


def _redact_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={REDACTED}" if equals else REDACTED
