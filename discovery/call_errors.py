"""The errors of a call, which aiohttp's callers catch as well.

They stand apart from :mod:`discovery.errors`, where the whole tree is drawn, because they need aiohttp, which takes
longer to load than most commands take to answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import aiohttp

from discovery.errors import MeshError
from discovery.model import Attempt, Outcome, Target

# Refused, or never sent: whatever it was, nothing came of it.
_NOT_PROCESSED = frozenset({Outcome.UNSENT, Outcome.UNTRUSTED, Outcome.NACKED, Outcome.BUSY})

_NAMES_SHOWN = 12


class CallError(MeshError, aiohttp.ClientError):
    """A call to a peer gave no response; ``attempts`` says what each attempt came to, if there was one."""

    attempts: tuple[Attempt, ...] = ()

    def __init__(self, target: Target, message: str) -> None:
        super().__init__(message)
        self.target = target


class Nobody(StrEnum):
    """Why there was nobody to send a call to."""

    UNKNOWN = "unknown"  # no such service is registered
    UNHEALTHY = "unhealthy"  # instances exist, none may be chosen
    UNREAD = "unread"  # the registry has not told us yet
    REFUSED = "refused"  # the registry cannot read the filter of the target


class NoInstances(CallError):
    """There was nobody to send the call to, after a bounded wait. ``known`` names the services that exist."""

    def __init__(self, target: Target, reason: Nobody, known: Iterable[str] = (), detail: str = "") -> None:
        self.reason = reason
        self.known = tuple(sorted(known))
        names = ", ".join(self.known[:_NAMES_SHOWN]) or "none"
        if len(self.known) > _NAMES_SHOWN:
            names += f", and {len(self.known) - _NAMES_SHOWN} more"
        said = {
            Nobody.UNKNOWN: f"no service {str(target)!r} is registered; known services: {names}",
            Nobody.UNHEALTHY: f"no instance of {str(target)!r} can take a request",
            Nobody.UNREAD: f"the registry has not told us about {str(target)!r} yet",
            Nobody.REFUSED: f"the registry does not take the filter {target.filter!r} for {str(target)!r}",
        }[reason]
        super().__init__(target, f"{said} ({detail})" if detail else said)


class TooManyServices(CallError):
    """This process already follows as many services as it may; each costs the registry an open connection."""


class Overflow(CallError):
    """As many calls to the service are under way as may be, and no room came free in time: nothing was sent."""

    def __init__(self, target: Target, under_way: int, queued_s: float) -> None:
        waited = f"none ended in {queued_s:.3g} s" if queued_s else "there is no time or no place to wait"
        super().__init__(target, f"{under_way} calls to {target} are under way, and {waited}: nothing was sent")
        self.queued_s = queued_s


class StaleView(CallError):
    """What is known about the service is older than the call, or its route, allows; nothing was sent.

    For ``age_s`` the registry has not been able to say otherwise, and ``max_staleness_s`` were allowed::

        try:
            async with mesh.get("http://ports/ports", max_staleness=30) as response:
                print(response.status)
        except discovery.StaleView as error:
            print(f"Consul is away since {error.age_s:.0f} s")
    """

    def __init__(self, target: Target, age_s: float, max_staleness_s: float, reason: str) -> None:
        said = f"what is known about {str(target)!r} is {age_s:.3g} s old, and may be {max_staleness_s:g} for this call"
        super().__init__(target, f"{said} ({reason})" if reason else said)
        self.age_s = age_s
        self.max_staleness_s = max_staleness_s


class CallFailed(CallError):
    """The call was sent and no attempt brought a response; ``attempts`` says what each came to.

    ``unknown`` says that the request may have been processed all the same: the connection broke, or time ran out, after
    it was sent. Where it is false, the request may be made again whatever it was.
    """

    def __init__(self, target: Target, message: str, attempts: tuple[Attempt, ...]) -> None:
        tried = "; ".join(
            f"{a.number}. {a.instance.id}: {a.outcome.value}{f' ({a.error})' if a.error else ''}" for a in attempts
        )
        self.attempts = attempts
        self.unknown = any(a.outcome not in _NOT_PROCESSED for a in attempts)
        doubt = "; it may have been processed" if self.unknown else ""
        super().__init__(target, f"{message}: {tried}{doubt}" if tried else message)


class DeadlineExceeded(CallFailed, TimeoutError):
    """Time ran out before any attempt brought a response."""


class HandshakeRefused(CallError, aiohttp.WSServerHandshakeError):
    """A service answered, and opened no websocket: ``status`` and ``headers`` are those of its answer.

    ``body`` is the beginning of what it said. A status of 101 is that of a handshake which is none.
    """

    def __init__(
        self, target: Target, answer: aiohttp.ClientResponse, attempts: tuple[Attempt, ...], why: str, body: bytes = b""
    ) -> None:
        aiohttp.WSServerHandshakeError.__init__(
            self, answer.request_info, answer.history, status=answer.status, message=why, headers=answer.headers
        )
        self.target = target
        self.attempts = attempts
        self.body = body

    def __str__(self) -> str:
        return f"{self.target} opened no websocket: {self.message}"
