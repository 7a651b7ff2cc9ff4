"""What this process says about its own health, on the loop that serves: a blocked loop fails the check.

``/health/live`` says that the process runs. ``/health/ready`` says whether it can serve: 200 yes, 429 yes but with
something missing (Consul reads it as a warning), 503 no. A service that we call and that is away is never a reason
to say no, or one outage would spread upwards. Asked for another instance's id it says 404: ports pass from one
process to another, and a check that only asks "is somebody there?" would keep the dead registered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import hdrs, web

from discovery import wire
from discovery.clock import Clock
from discovery.errors import ConfigError
from discovery.model import Instance
from discovery.policy.lifecycle import Lifecycle

# Half of the registry's own limit for the check, so that the answer says what is slow.
_PROBE_LIMIT_S = 1.0
_OK = "ok"

Probe = Callable[[], Awaitable[object]]


class Readiness:
    """What a service needs in order to serve.

    Give it to the app, and then :meth:`add` what is to be asked::

        app[discovery.READINESS] = readiness = discovery.Readiness()
    """

    def __init__(self) -> None:
        self._probes: dict[str, tuple[Probe, bool]] = {}

    def add(self, name: str, probe: Probe, *, vital: bool = True) -> None:
        """Ask *probe* at every check: it raises when the thing is broken, which is told by the exception's type.

        What is not *vital* makes the check a warning at most.

        ::

            async def ports() -> None:
                async with mesh.get("http://ports/health/live") as response:
                    response.raise_for_status()

            app[discovery.READINESS] = readiness = discovery.Readiness()
            readiness.add("ports", ports, vital=False)
        """
        self._probes[name] = (probe, vital)

    async def check(self, clock: Clock) -> tuple[dict[str, str], bool, bool]:
        """Ask everybody at once; return what each said, whether we can serve, and whether all is well."""
        answers = await asyncio.gather(*(_ask(probe, clock) for probe, _ in self._probes.values()))
        said = dict(zip(self._probes, answers, strict=True))
        able = all(said[name] == _OK for name, (_, vital) in self._probes.items() if vital)
        return said, able, all(answer == _OK for answer in answers)


async def _ask(probe: Probe, clock: Clock) -> str:
    try:
        async with clock.timeout(_PROBE_LIMIT_S):
            await probe()
    except Exception as error:  # noqa: BLE001 - a probe may fail in any way; that is what it is for
        return f"failing: {type(error).__name__}"
    return _OK


READINESS = web.AppKey("READINESS", Readiness)


@dataclass(slots=True)
class Self:
    """This process, as its server sees it."""

    instance: Instance
    state: Lifecycle = Lifecycle.STARTING


Handle = Callable[[web.Request], Awaitable[web.Response]]

_ASKING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


def answers(app: web.Application, me: Self, clock: Clock) -> Mapping[str, Handle]:
    """Who answers for *app* at each path about health, before it looks for a route or runs a middleware of its own.

    Else one that wants a token would keep the registry's check out for ever. A route of the application for exactly
    ``/health/live`` is its own affair: no registry asks there.

    Raises:
        ConfigError: when there is one for exactly ``/health/ready``, which says things that only we know.
    """
    theirs = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    if wire.READY_PATH in theirs:
        raise ConfigError(
            f"the application has a route {wire.READY_PATH} of its own, where the mesh answers the registry's check: "
            "move the route, and add what it looks at to app[discovery.READINESS]"
        )
    ours: Mapping[str, Handle] = {wire.LIVE_PATH: live, wire.READY_PATH: ready(app, me, clock)}
    return {path: _asked(handle) for path, handle in ours.items() if path not in theirs}


def _asked(handle: Handle) -> Handle:
    async def asked(request: web.Request) -> web.Response:
        if request.method in _ASKING:
            return await handle(request)
        return web.Response(status=405, headers={hdrs.ALLOW: ", ".join(sorted(_ASKING))})

    return asked


async def live(request: web.Request) -> web.Response:
    """Say that the process runs."""
    return web.json_response({"live": True})


def ready(app: web.Application, me: Self, clock: Clock) -> Handle:
    """Make the handler of the ready check."""

    async def handler(request: web.Request) -> web.Response:
        headers = {wire.INSTANCE: me.instance.id, wire.BOOT: me.instance.meta.get("boot", "")}
        asked = request.query.get("instance", me.instance.id)
        body: dict[str, object] = {"instance": me.instance.id, "state": me.state}
        if asked != me.instance.id:
            return web.json_response({**body, "error": "that instance is not here"}, status=404, headers=headers)
        readiness = app.get(READINESS)
        said, able, well = await readiness.check(clock) if readiness else ({}, True, True)
        able = able and me.state is Lifecycle.READY
        status = 503 if not able else 200 if well else 429
        return web.json_response({**body, "checks": said}, status=status, headers=headers)

    return handler
