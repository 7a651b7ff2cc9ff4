"""Which version of a record somebody has read, or means to change: ``ETag`` and ``If-Match`` (RFC 9110, 8.8 and 13.1).

A tag is made from the record's content, so every instance makes the same, and no column keeps it. What is shown beside
what a caller can change, like the ports of a laptop, is in a second part: who changes the record needs the first only.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from aiohttp import hdrs, web

from services.kit.problems import STALE, UNCONDITIONAL

_BYTES = 8
_TAG = re.compile(r'(W/)?"([!#-~]*)"')


def tag(own: str, shown: str) -> str:
    """The tag of a record: *own* is what a caller can change of it, *shown* all that is shown."""
    return f'"{_digest(own)}"' if own == shown else f'"{_digest(own)}.{_digest(shown)}"'


def check_if_match(request: web.Request, own: str, *, required: bool) -> None:
    """Raise unless the caller means to change what is *own* to the record now.

    Raises:
        Problem: 412 when it means another version, 428 when it says none and that is *required*.
    """
    said = request.headers.getall(hdrs.IF_MATCH, None)
    if said is None:
        if required:
            raise UNCONDITIONAL("a change of this record needs If-Match")
        return
    listed = ",".join(said)
    # A weak tag matches nothing here: the comparison is a strong one.
    meant = {value.partition(".")[0] for weak, value in _TAG.findall(listed) if not weak}
    if listed.strip() != "*" and _digest(own) not in meant:
        raise STALE("this is not the version that If-Match names")


def is_known(request: web.Request, current: str) -> bool:
    """Whether the caller has what *current* tags, by ``If-None-Match``, so that a 304 says all."""
    said = request.headers.getall(hdrs.IF_NONE_MATCH, None)
    if said is None:
        return False
    listed = ",".join(said)
    return listed.strip() == "*" or current.strip('"') in {value for _, value in _TAG.findall(listed)}


def _digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=_BYTES).hexdigest()
