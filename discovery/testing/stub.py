"""Stubs by the name of a service: what is answered to a request, without a server for it in the test.

Behind them are real ones, each registered under a name that has a stub. So a stubbed call is a whole call, with its
connection, retries and telemetry, whoever makes it: the test's mesh, the application under test, or another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

from aiohttp import web

from discovery.call_errors import NoInstances
from discovery.clock import Clock
from discovery.testing.agent import MeshAgent
from discovery.testing.answers import Stub
from discovery.testing.observer import RecordingObserver
from discovery.testing.received import Received
from discovery.testing.served import Served
from discovery.variables import is_service_name


class MeshStub:
    """Services that are nothing but stubs. The test fails at its end where one was not called, or a call had none.

    ::

        mesh_stub.get("ports", "/ports", query={"laptop": 7}).answers(json=[{"id": 1}])
        mesh_stub.post("orders", "/orders").answers(201)

    ``assert_all_called`` and ``assert_all_stubbed`` can be set to False where that is meant.
    """

    def __init__(self, agent: MeshAgent, observer: RecordingObserver, clock: Clock) -> None:
        self.assert_all_called = True
        self.assert_all_stubbed = True
        self.calls: list[Received] = []
        self._agent = agent
        self._observer = observer
        self._clock = clock
        self._stubs: list[Stub] = []
        self._strangers: list[str] = []
        self._served: dict[str, Served] = {}
        self._loop: asyncio.AbstractEventLoop

    def route(self, method: str, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """A stub for requests to *path* of *service*; one that was made later goes first."""
        if "://" in service or not is_service_name(service):
            raise ValueError(f"a stub is for a service by its name, such as 'ports', got {service!r}")
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        if "?" in path:
            raise ValueError(f"a stub's query is not in its path: say query={{...}} beside it, got {path!r}")
        service = service.lower()  # capitals make no difference: both are one service, with one server
        wanted = {key: str(value) for key, value in (query or {}).items()}
        stub = Stub(method.upper(), service, path, wanted, self._clock)
        if service not in self._served:
            self._served[service] = served = Served(partial(self._meet, service), self._loop)
            self._agent.enter(service, *served.address, id=f"stub-{service}")
        self._stubs.insert(0, stub)
        return stub

    def get(self, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """For GET."""
        return self.route("GET", service, path, query=query)

    def post(self, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """For POST."""
        return self.route("POST", service, path, query=query)

    def put(self, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """For PUT."""
        return self.route("PUT", service, path, query=query)

    def patch(self, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """For PATCH."""
        return self.route("PATCH", service, path, query=query)

    def delete(self, service: str, path: str, *, query: Mapping[str, object] | None = None) -> Stub:
        """For DELETE."""
        return self.route("DELETE", service, path, query=query)

    def unexpected(self) -> list[str]:
        """The calls that met no stub, in words."""
        if not self.assert_all_stubbed:
            return []
        nobody = [
            f"{call.method} http://{call.target.service}{call.path}: the agent knows no such service"
            for call in (recorded.call for recorded in self._observer.calls)
            if isinstance(call.error, NoInstances) and call.target.service not in self._served
        ]
        return [*self._strangers, *nobody]

    def check(self) -> None:
        """Raise AssertionError where a stub was not called, or a call had none."""
        told = [f"no stub for {each}" for each in self.unexpected()]
        if self.assert_all_called:
            told += [
                f"not called: {stub} ({stub.missing} of {stub.missing + stub.call_count} calls missing)"
                for stub in reversed(self._stubs)
                if stub.missing
            ]
        if told:
            there = ", ".join(map(str, reversed(self._stubs))) or "none"
            raise AssertionError("\n".join([*told, f"there are stubs for: {there}"]))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Serve the stubs that are made in the block."""
        self._loop = asyncio.get_running_loop()
        try:
            yield self
        finally:
            for served in self._served.values():
                await served.end()

    async def _meet(self, service: str, request: web.BaseRequest) -> web.StreamResponse:
        received = Received.of(request, await request.read())
        self.calls.append(received)
        for stub in self._stubs:
            if stub.fits(service, request):
                return await stub.meet(request, received)
        what = f"{request.method} http://{service}{request.path_qs}"
        self._strangers.append(what)
        return web.Response(status=501, text=f"no stub for {what}\n")
