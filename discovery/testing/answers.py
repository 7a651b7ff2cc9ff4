"""One stub: the requests that it is for, and what is answered to them."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, Self

from aiohttp import web
from multidict import CIMultiDict

from discovery.clock import Clock
from discovery.devagent.faults import check_lag
from discovery.testing import misbehaviour
from discovery.testing.misbehaviour import Misbehaviour
from discovery.testing.received import Received

_FAILURES: Mapping[str, Misbehaviour] = {
    "reset": misbehaviour.resets,
    "broken body": misbehaviour.breaks_body,
    "draining": misbehaviour.drains,
}

_ABSENT: Any = object()

Failure = Literal["reset", "broken body", "draining"]

Answer = Callable[[web.BaseRequest], Any]


class Stub:
    """What is answered to one kind of request: each answer in its turn, the last one from then on; without any, 200.

    ::

        route = mesh_stub.get("ports", "/ports").fails("reset").answers(200, json=[{"id": 1}])
        async with mesh.get("http://ports/ports") as response:
            assert response.status == 200
        assert route.call_count == 2
    """

    def __init__(self, method: str, service: str, path: str, query: Mapping[str, str], clock: Clock) -> None:
        self.method = method
        self.service = service
        self.path = path
        self.query = query
        self.calls: list[Received] = []
        self._clock = clock
        self._answers: list[Answer] = []

    def answers(
        self,
        status: int = 200,
        *,
        json: Any = _ABSENT,
        text: str | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        after_s: float = 0.0,
    ) -> Self:
        """Then answer so, *after_s* seconds later."""
        if type(status) is not int or not 200 <= status <= 599:
            raise ValueError(f"a status is a number from 200 to 599, got {status!r}: what is said as JSON is json=")
        check_lag(after_s)
        if sum((json is not _ABSENT, text is not None, body is not None)) > 1:
            raise ValueError("an answer has one body: say json, text or body")
        said = CIMultiDict(headers or {})
        if json is not _ABSENT:
            said.setdefault("Content-Type", "application/json")
            body = json_text.dumps(json).encode()
        make = partial(web.Response, status=status, text=text, body=body, headers=said)
        make()  # what cannot be sent is said here, and not by a 500

        async def answer(request: web.BaseRequest) -> web.Response:
            await self._clock.sleep(after_s)
            return make()

        self._answers.append(answer)
        return self

    def fails(self, how: Failure = "reset") -> Self:
        """Then fail: by a ``"reset"``, a ``"broken body"``, or ``"draining"``, which says that nothing was done."""
        if how not in _FAILURES:
            raise ValueError(f"a stub fails by {', '.join(map(repr, _FAILURES))}, got {how!r}: a status it answers")
        self._answers.append(_FAILURES[how])
        return self

    @property
    def called(self) -> bool:
        """Whether there was such a request."""
        return bool(self.calls)

    @property
    def call_count(self) -> int:
        """How many there were, on the wire: each attempt of a call is one."""
        return len(self.calls)

    @property
    def missing(self) -> int:
        """How many of the answers were not asked for yet."""
        return max(0, max(1, len(self._answers)) - len(self.calls))

    def fits(self, service: str, request: web.BaseRequest) -> bool:
        """Whether it is for this request: its query may say more than ours."""
        said = {key: request.query.get(key) for key in self.query}
        return (self.method, self.service, self.path, self.query) == (request.method, service, request.path, said)

    async def meet(self, request: web.BaseRequest, received: Received) -> web.StreamResponse:
        """Answer the next request."""
        self.calls.append(received)
        if not self._answers:
            return web.Response()
        response: web.StreamResponse = await self._answers[min(len(self.calls), len(self._answers)) - 1](request)
        return response

    def __str__(self) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.query.items())
        return f"{self.method} http://{self.service}{self.path}{'?' if query else ''}{query}"
