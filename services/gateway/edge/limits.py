"""How often one client, one user, and all for one route may ask. Each gateway keeps its share in its own memory.

What is left is told by ``RateLimit`` and ``RateLimit-Policy``, as draft-ietf-httpapi-ratelimit-headers-10 has them: the
whole of each rate, and what this gateway would still let through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from math import ceil
from typing import NamedTuple

from aiohttp import hdrs, web
from multidict import istr

import discovery
from discovery.web import Problem
from services.gateway.edge.buckets import Buckets
from services.gateway.edge.client import client_of
from services.gateway.edge.gateways import Gateways
from services.gateway.edge.rate import Rate
from services.gateway.edge.route_rates import RouteRate, Whom
from services.gateway.edge.settings import EdgeSettings
from services.gateway.entrance import TARGET

_EVERYBODY = "everybody"
_RATE_LIMIT = istr("RateLimit")
_POLICY = istr("RateLimit-Policy")


class _Limit:
    """One rate, with who has used how much of it."""

    def __init__(self, name: str, rate: Rate) -> None:
        self.buckets = Buckets(rate)
        self.policy = f'"{name}";q={rate.requests};w={rate.seconds}'
        self._name = name

    def told(self, requests: int, after_s: int) -> str:
        return f'"{self._name}";r={requests};t={after_s}'


class _Told(NamedTuple):
    """What the answer will tell: the rates, and what is left of each."""

    policies: str
    left: str

    def and_of(self, other: _Told) -> _Told:
        return _Told(f"{self.policies}, {other.policies}", f"{self.left}, {other.left}")


_TOLD = web.RequestKey("_TOLD", _Told)


class Limits:
    """Those of one gateway; *now* is a clock that only goes forward."""

    def __init__(self, settings: EdgeSettings, now: Callable[[], float]) -> None:
        self._now = now
        self.gateways = Gateways()
        self._client = _Limit("client", settings.rate) if settings.rate else None
        self._user = _Limit("user", settings.user_rate) if settings.user_rate else None
        self._routes: list[tuple[RouteRate, _Limit]] = [
            (each, _Limit(each.name, each.rate)) for each in settings.route_rates
        ]

    def admit(self, request: web.Request) -> None:
        """Count *request* for its client and its route.

        Raises:
            Problem: 429, when one of them has no room for it. Then it is counted for none.
        """
        client, segments = client_of(request), request[TARGET].segments
        concerned: list[tuple[_Limit, Hashable]] = [
            (limit, client if route.whom is Whom.CLIENT else _EVERYBODY)
            for route, limit in self._routes
            if route.covers(request.method, segments)
        ]
        if self._client is not None:
            concerned.append((self._client, client))
        self._charge(request, concerned)

    def admit_user(self, request: web.Request, subject: str) -> None:
        """Count *request* for the user who proved to be *subject*.

        Raises:
            Problem: likewise.
        """
        if self._user is not None:
            self._charge(request, [(self._user, subject)])

    def _charge(self, request: web.Request, concerned: list[tuple[_Limit, Hashable]]) -> None:
        now, sharing = self._now(), self.gateways.count()
        for limit, key in concerned:
            wait_s = limit.buckets.wait_s(key, now, sharing)
            if wait_s > 0:
                raise _too_many(limit, ceil(wait_s))
        told = request.get(_TOLD)
        for limit, key in concerned:
            one = _Told(limit.policy, limit.told(*limit.buckets.take(key, now, sharing)))
            told = one if told is None else told.and_of(one)
        if told is not None:
            request[_TOLD] = told


LIMITS = web.AppKey("LIMITS", Limits)


def check(request: web.Request) -> None:
    """Let through what the limits let through; see :meth:`Limits.admit`."""
    request.app[LIMITS].admit(request)


async def shared(app: web.Application) -> AsyncIterator[None]:
    """Share the rates with the other gateways while *app* runs."""
    with app[LIMITS].gateways.following(app[discovery.MESH]):
        yield


async def tell(request: web.Request, response: web.StreamResponse) -> None:
    """Say in an answer what is left; a refusal has said it by itself."""
    told = request.get(_TOLD)
    if told is not None and _RATE_LIMIT not in response.headers:
        response.headers[_POLICY], response.headers[_RATE_LIMIT] = told


def _too_many(limit: _Limit, after_s: int) -> Problem:
    return Problem(
        429,
        f"as much was asked as may be; ask again in {after_s} s",
        headers={
            hdrs.RETRY_AFTER: str(after_s),
            _POLICY: limit.policy,
            _RATE_LIMIT: limit.told(0, after_s),
        },
    )
