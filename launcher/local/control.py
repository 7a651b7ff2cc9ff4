"""How another `mesh` command talks to a running system: three requests on a loopback port, with a token."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Protocol

from aiohttp import web

from launcher.local.staff import Staff, StaffRefused
from launcher.local.system import NotReady, Running
from launcher.plan import parse_scale

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Controlled(Protocol):
    """What is asked of the system."""

    async def scale(self, counts: Mapping[str, int], /) -> None: ...

    async def ready(self, progress: Callable[[int, int], None], /) -> Sequence[Running]: ...

    async def staff(self, email: str, /) -> Staff: ...


class Control:
    """The running system's side."""

    def __init__(self, system: Controlled, token: str) -> None:
        self._system = system
        self._token = token
        self._scaling = asyncio.Lock()
        self.down = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free loopback port; yields the URL."""
        app = web.Application(middlewares=[self._authorise], client_max_size=4096)
        for path, handler in (("/scale", self._scale), ("/staff", self._staff), ("/down", self._down)):
            app.router.add_post(path, handler)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{site.port}"
        finally:
            await runner.cleanup()

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise web.HTTPForbidden
        return await handler(request)

    async def _scale(self, request: web.Request) -> web.Response:
        try:
            counts = parse_scale(f"{name}={count}" for name, count in (await request.json()).items())
        except (ValueError, AttributeError) as exc:
            raise web.HTTPBadRequest(text=str(exc)) from None
        # One after the other: two at once would each count from what the other is about to change.
        async with self._scaling:
            await self._system.scale(counts)
            try:
                instances = await self._system.ready(lambda passing, wanted: None)
            except NotReady as exc:
                raise web.HTTPServiceUnavailable(text=str(exc)) from None
        return web.json_response([asdict(instance) for instance in instances])

    async def _staff(self, request: web.Request) -> web.Response:
        try:
            email = str((await request.json())["email"])
        except (ValueError, TypeError, KeyError) as exc:
            raise web.HTTPBadRequest(text=f"an e-mail address is missing: {exc}") from None
        try:
            return web.json_response(asdict(await self._system.staff(email)))
        except StaffRefused as exc:
            raise web.HTTPConflict(text=str(exc)) from None

    async def _down(self, request: web.Request) -> web.Response:
        self.down.set()
        return web.json_response({})
