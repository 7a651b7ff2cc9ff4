"""One incoming request, as an observer is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple, Protocol


class IncomingRequest(NamedTuple):
    """A request that reached our server, before anything was decided about it.

    ``headers`` may say which trace it is a part of. Those of strangers (``MeshConfig(edge=True)`` without
    ``trust_traces``) are not believed: they are ``claimed`` instead, which may be told, and nothing follows from it.
    """

    method: str
    path: str
    query: str
    scheme: str
    host: str
    peer: str
    user_agent: str
    headers: Mapping[str, str]
    claimed: Mapping[str, str] | None = None


class RequestHandle(Protocol):
    """One incoming request while it lasts."""

    def activate(self) -> AbstractContextManager[object]:
        """Make this request the current one; entered and left in the task that runs the handler."""
        ...

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        """*route* is the matched pattern, if any; *nack* the reason when the request was refused unprocessed.

        *status* is ``None`` when the client left before an answer; that is not an error.
        """
        ...


class _NullHandle:
    def activate(self) -> AbstractContextManager[object]:
        return nullcontext()

    def end(self, *_: object, **__: object) -> None: ...


NULL_HANDLE: RequestHandle = _NullHandle()
