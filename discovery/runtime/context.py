"""What an incoming request hands to the calls that are made on its behalf."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class RequestContext:
    """One incoming request, as its own calls see it.

    ``deadline_at`` is the monotonic moment at which its caller stops waiting. ``exhausted`` is set by a call
    that failed for good; our answer then says so, and nobody above multiplies the load by trying again. ``important``
    says that it came with :data:`discovery.wire.PRIORITY` from one who is believed; so do its calls.
    """

    deadline_at: float | None = None
    exhausted: bool = False
    important: bool = False


current: ContextVar[RequestContext | None] = ContextVar("proconsul_request", default=None)
