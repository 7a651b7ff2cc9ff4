"""How another `mesh` command talks to a running system: a few requests on a loopback port, with a token."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Protocol

from aiohttp import web

from discovery.errors import ConfigError
from launcher.local.breakage import NotBroken
from launcher.local.guests import NoGuest
from launcher.local.staff import Staff, StaffRefused
from launcher.local.system import NotReady, Running
from launcher.plan import parse_scale

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SETTING = re.compile(r"mesh/[a-z0-9-]{1,63}/[a-z_]{1,30}")


class Breakable(Protocol):
    """What of the system may be broken."""

    async def set(self, key: str, value: str | None, /) -> None: ...

    async def stop_consul(self) -> None: ...

    def start_consul(self) -> None: ...

    @property
    def no_broker(self) -> str: ...

    def cut_broker(self) -> None: ...

    def join_broker(self) -> None: ...


class Inviting(Protocol):
    """Who may come and go beside those of the plan."""

    async def start(self, name: str, environ: Mapping[str, str], /) -> str: ...

    async def stop(self, name: str, /) -> None: ...


class Located(Protocol):
    """The agent, as far as others have to know of it."""

    @property
    def url(self) -> str: ...


class Controlled(Protocol):
    """What is asked of the system."""

    @property
    def agent(self) -> Located: ...

    @property
    def breakage(self) -> Breakable: ...

    @property
    def guests(self) -> Inviting: ...

    async def instances(self) -> Sequence[Running]: ...

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
        verbs = (self._scale, self._start, self._stop, self._staff, self._down, self._look)
        breaking = (self._setting, self._stop_consul, self._start_consul, self._cut_broker, self._join_broker)
        for handler in (*verbs, *breaking):
            app.router.add_post(f"/{handler.__name__.lstrip('_')}", handler)
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

    async def _start(self, request: web.Request) -> web.Response:
        try:
            name, environ = _guest(await request.json())
            return web.json_response({"id": await self._system.guests.start(name, environ)})
        except (ValueError, TypeError, KeyError, ConfigError) as exc:
            raise web.HTTPBadRequest(text=f"an instance cannot be started like that: {exc}") from None
        except NoGuest as exc:
            raise web.HTTPServiceUnavailable(text=str(exc)) from None

    async def _stop(self, request: web.Request) -> web.Response:
        try:
            name, _ = _guest(await request.json())
        except (ValueError, TypeError, KeyError) as exc:
            raise web.HTTPBadRequest(text=f"which instance is to end is missing: {exc}") from None
        await self._system.guests.stop(name)
        return web.json_response({})

    async def _staff(self, request: web.Request) -> web.Response:
        try:
            email = str((await request.json())["email"])
        except (ValueError, TypeError, KeyError) as exc:
            raise web.HTTPBadRequest(text=f"an e-mail address is missing: {exc}") from None
        try:
            return web.json_response(asdict(await self._system.staff(email)))
        except StaffRefused as exc:
            raise web.HTTPConflict(text=str(exc)) from None

    async def _look(self, request: web.Request) -> web.Response:
        instances = [asdict(each) for each in await self._system.instances()]
        answer = {
            "consul": self._system.agent.url,
            "instances": instances,
            "no_broker": self._system.breakage.no_broker,
        }
        return web.json_response(answer)

    async def _setting(self, request: web.Request) -> web.Response:
        try:
            content = await request.json()
            key, value = content["key"], content["value"]
        except (ValueError, TypeError, KeyError) as exc:
            raise web.HTTPBadRequest(text=f"a key or a value is missing: {exc}") from None
        if not isinstance(key, str) or not _SETTING.fullmatch(key) or not isinstance(value, str | None):
            raise web.HTTPBadRequest(text="expected a key like mesh/ports/fault, and its value as text, or null")
        try:
            await self._system.breakage.set(key, value)
        except NotBroken as exc:
            raise web.HTTPServiceUnavailable(text=str(exc)) from None
        return web.json_response({})

    async def _stop_consul(self, request: web.Request) -> web.Response:
        try:
            await self._system.breakage.stop_consul()
        except NotBroken as exc:
            raise web.HTTPConflict(text=str(exc)) from None
        return web.json_response({})

    async def _start_consul(self, request: web.Request) -> web.Response:
        self._system.breakage.start_consul()
        return web.json_response({})

    async def _cut_broker(self, request: web.Request) -> web.Response:
        try:
            self._system.breakage.cut_broker()
        except NotBroken as exc:
            raise web.HTTPConflict(text=str(exc)) from None
        return web.json_response({})

    async def _join_broker(self, request: web.Request) -> web.Response:
        self._system.breakage.join_broker()
        return web.json_response({})

    async def _down(self, request: web.Request) -> web.Response:
        self.down.set()
        return web.json_response({})


def _guest(content: dict[str, object]) -> tuple[str, Mapping[str, str]]:
    """The name and the variables of one more instance.

    Raises:
        ValueError, TypeError, KeyError: when they are none.
    """
    name, environ = content["name"], content.get("environ", {})
    if not isinstance(name, str) or not isinstance(environ, dict):
        raise TypeError("expected a name, and variables with their values")
    if not all(isinstance(value, str) for value in environ.values()):
        raise TypeError("the value of a variable is text")
    return name, environ
