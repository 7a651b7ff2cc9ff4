"""Raw requests that are out to be read in two ways, or to pass for something that only the gateway may say.

Each is a :class:`~benchmarks.gateway.corpus.case.Case`: the bytes of a whole connection, and what may come of them.
Either it is refused, or what reaches the service behind is exactly the sanitised form that the case tells. To use it:

1. Put a server that keeps what it is sent as bytes behind the gateway under the name :data:`SERVICE`, so that
   ``/api/echo/x`` here is ``/echo/x`` there (for the gateway of this project, ``GATEWAY_SERVICES=echo``), and the same
   one in the place of the shop (``marketplace``), if there is one.
   :class:`~benchmarks.gateway.corpus.upstream.Upstream` is such a server: ``async with Upstream().serving() as it``
   has ``it.port`` and ``it.take()``, the requests since the last time.
2. For each ``case`` of :func:`cases` connect, write ``case.sent``, and read until the gateway closes. Every one ends
   with a request that closes the connection, so no time has to be waited for; who waits all the same stops after
   some seconds, and judges what came.
3. ``judge(case, answer, taken, host="127.0.0.1:PORT")``, with the address of that server as the ``Host`` that requests
   to it have, is what is wrong, in one line; empty where nothing is.

One after the other, so that what the server takes belongs to one case.
"""

from __future__ import annotations

from benchmarks.gateway.corpus import fields, framing, lines, paths, spoofing
from benchmarks.gateway.corpus.case import SERVICE, Case
from benchmarks.gateway.corpus.judging import judge
from benchmarks.gateway.corpus.upstream import Upstream

__all__ = ["SERVICE", "Case", "Upstream", "cases", "judge", "parts"]


def cases() -> list[Case]:
    """All of them; no two have the same name."""
    return [case for part in parts().values() for case in part]


def parts() -> dict[str, list[Case]]:
    """The same by what they are about."""
    return {
        "where a request ends": framing.cases(),
        "lines": lines.cases(),
        "fields": fields.cases(),
        "paths": paths.cases(),
        "what only the gateway may say": spoofing.cases(),
    }
