"""What a call says itself, beside its method and URL: checked at once, in a sentence, before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from math import inf
from ssl import SSLContext
from typing import Any, TypedDict

import aiohttp
from aiohttp.typedefs import LooseCookies, LooseHeaders, Query, StrOrURL

from discovery.policy.rules import Rules


class Default(Enum):
    """What a caller left unsaid; told apart from None, which means "no limit"."""

    TIMEOUT = "the timeout of the settings"


class CallOptions(TypedDict, total=False):
    """The keyword arguments of a call.

    ``timeout`` (seconds, or a ``ClientTimeout``) bounds the whole call, body included; ``None`` says that there is no
    limit of ours. ``attempts`` is how often it may go on the wire, ``attempt_timeout`` (seconds) how long each may wait
    for the head of its answer. ``max_staleness`` (seconds) is for how long the registry may have been silent about the
    service: then the call is not sent, and raises ``StaleView``. With *tags* it goes to those instances alone that have
    all of them. All others are those of ``aiohttp.ClientSession.request``, and mean the same.
    """

    timeout: float | aiohttp.ClientTimeout | None
    attempts: int
    attempt_timeout: float
    max_staleness: float
    tags: str | Collection[str]
    headers: LooseHeaders | None
    params: Query
    data: Any
    json: Any
    allow_redirects: bool
    max_redirects: int
    cookies: LooseCookies | None
    skip_auto_headers: Iterable[str] | None
    auth: aiohttp.BasicAuth | None
    compress: str | bool | None
    chunked: bool | None
    expect100: bool
    read_until_eof: bool
    proxy: StrOrURL | None
    proxy_auth: aiohttp.BasicAuth | None
    proxy_headers: LooseHeaders | None
    ssl: SSLContext | aiohttp.Fingerprint | bool
    server_hostname: str | None
    trace_request_ctx: Any
    read_bufsize: int | None
    auto_decompress: bool | None
    max_line_size: int | None
    max_field_size: int | None
    max_headers: int | None
    middlewares: Sequence[aiohttp.ClientMiddlewareType] | None
    upload_tracker: Any


_OURS = frozenset({"timeout", "attempts", "attempt_timeout", "max_staleness"})
_PARTS = ("connect", "sock_connect", "sock_read")
_KNOWN = frozenset(CallOptions.__annotations__)


@dataclass(frozen=True, slots=True)
class Said:
    """What one call says of its limits."""

    timeout_s: float | Default | None = Default.TIMEOUT
    attempts: int | None = None
    attempt_timeout_s: float | None = None
    max_staleness_s: float | None = None

    def over(self, rules: Rules) -> Rules:
        """The rules of its route, where it does not say otherwise."""
        timeout_s = rules.timeout_s if isinstance(self.timeout_s, Default) else self.timeout_s
        return Rules(
            timeout_s,
            self.attempt_timeout_s or rules.attempt_timeout_s,
            self.attempts or rules.attempts,
            rules.patience_s,
            rules.concurrency,
            self.max_staleness_s or rules.max_staleness_s,
        )


def said(options: Mapping[str, Any], known: AbstractSet[str] = _KNOWN) -> Said | None:
    """Take what is ours out of the arguments of a call, which are *known*; ``None`` when it says nothing of it.

    Raises:
        TypeError: for an argument that there is not.
        ValueError: for a limit that is none.
    """
    if not options.keys() <= known:
        _refuse(options, known)
    if _OURS.isdisjoint(options):
        return None
    timeout = options.get("timeout", Default.TIMEOUT)
    if isinstance(timeout, aiohttp.ClientTimeout):
        for part in _PARTS:
            if getattr(timeout, part) is not None:
                _check_seconds(f"{part} of the timeout", getattr(timeout, part))
        timeout = timeout.total or None  # aiohttp's zero is no limit
    if timeout is not None and timeout is not Default.TIMEOUT:
        _check_seconds("timeout", timeout)
    attempts, attempt_timeout = options.get("attempts"), options.get("attempt_timeout")
    if attempts is not None and (type(attempts) is not int or attempts < 1):
        raise ValueError(f"attempts is how often a call may be sent, a whole number from 1 on, got {attempts!r}")
    if attempt_timeout is not None:
        _check_seconds("attempt_timeout", attempt_timeout)
        if attempt_timeout == 0:
            raise ValueError("an attempt that has no time cannot be made, got an attempt_timeout of 0")
    return Said(timeout, attempts, attempt_timeout, _staleness(options.get("max_staleness")))


def _staleness(value: float | None) -> float | None:
    if value is not None:
        _check_seconds("max_staleness", value)
        if value == 0:
            raise ValueError("what is known is always a moment old, got a max_staleness of 0")
    return value


def _check_seconds(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of seconds, got {value!r}")
    if not 0 <= value < inf:
        raise ValueError(f"{name} is a finite number of seconds, not below zero, got {value!r}")


def _refuse(options: Mapping[str, Any], known: AbstractSet[str]) -> None:
    if "raise_for_status" in options:
        raise TypeError("a status is an answer, whatever it is: ask the response itself to raise_for_status()")
    raise TypeError(f"a call takes no argument {min(options.keys() - known)!r}")
