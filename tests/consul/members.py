"""The services themselves, each with a token file, and what each of them can do: asked of the running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

import discovery
from observability.console.app import build as console
from observability.console.settings import ConsoleSettings
from services.gateway.app import build as gateway
from services.kit.data.database import file_url
from services.marketplace.app import build as marketplace
from tests.contract.api import PATIENCE_S, Api
from tests.services.support import build_laptops as laptops
from tests.services.support import build_ports as ports
from tests.services.support import build_recommendations as recommendations

BUILD: Mapping[str, Callable[[Path], web.Application]] = {
    "console": lambda data: console(ConsoleSettings(path=data / "console.db")),
    "gateway": lambda data: gateway(),
    "laptops": lambda data: laptops(file_url(data / "laptops.db")),
    "marketplace": lambda data: marketplace(),
    "ports": lambda data: ports(file_url(data / "ports.db")),
    "recommendations": lambda data: recommendations(file_url(data / "recommendations.db")),
}
# As their __main__ says.
_API = {"laptops", "ports", "recommendations"}
# What is below mesh/<service>/ while these tests run, which is not the default.
ATTEMPTS = 7

_CLOCK = discovery.Surroundings().clock
_LOOK_EVERY_S = 0.05

Asked = Callable[["Member"], Awaitable[bool]]


@dataclass(frozen=True)
class Member:
    """A running service. ``manager`` may see everything."""

    name: str
    server: discovery.Server
    session: aiohttp.ClientSession
    manager: Api

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(f"http://{self.server.instance.address}{path}", allow_redirects=False) as answer:
            return answer.status, await answer.text()


@asynccontextmanager
async def member(name: str, consul_url: str, token: Path, data: Path, manager: Api) -> AsyncIterator[Member]:
    """Serve a service as its process does, but for telemetry."""
    environ = {
        "CONSUL_HTTP_ADDR": consul_url,
        "CONSUL_HTTP_TOKEN_FILE": str(token),
        "MESH_DRAIN_S": "0",
        "MESH_STOP_S": "2",
        "MESH_LOOKUP_TIMEOUT_S": "0.5",
    }
    config = discovery.MeshConfig.from_env(name, environ, edge=name == "gateway")
    app = BUILD[name](data)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        discovery.serving(app, config) as server,
    ):
        yield Member(name, server, session, manager)


async def registers(self: Member) -> bool:
    """Everybody sees it passing."""
    answer = await self.manager.get(f"/v1/health/service/{self.name}", passing="1")
    # Without a leader nobody can say.
    return answer.status == 200 and self.server.instance.id in {row["Service"]["ID"] for row in answer.json}


async def sees_itself(self: Member) -> bool:
    """The eye with which it would notice that the catalogue has lost it."""
    view = self.server.mesh.view(self.name)
    return view is not None and self.server.instance.id in {instance.id for instance in view.instances}


async def follows_settings(self: Member) -> bool:
    return self.server.mesh.settings.rules.attempts == ATTEMPTS


async def shows_everybody(self: Member) -> bool:
    """The console's page has instances of all services."""
    answer = await self.session.get(f"http://{self.server.instance.address}/data/services")
    return {each["name"] for each in (await answer.json())["services"] if each["instances"]} >= BUILD.keys()


def shows(path: str, words: str, unless: str = "not to be found") -> Asked:
    async def asked(self: Member) -> bool:
        status, text = await self.get(path)
        return status == 200 and words in text and unless not in text

    return asked


def calls(service: str) -> str:
    return f"calls {service}"


_EVERYBODY: dict[str, Asked] = {
    "registers": registers,
    "sees itself": sees_itself,
    "follows its settings": follows_settings,
}
ABILITIES: Mapping[str, Mapping[str, Asked]] = {
    "ports": _EVERYBODY,
    "laptops": _EVERYBODY | {calls("ports"): shows("/laptops/1", '"ports"', unless='"notice"')},
    "recommendations": _EVERYBODY | {calls("laptops"): shows("/recommendations", '"notice": null')},
    "marketplace": _EVERYBODY
    | {
        calls("laptops"): shows("/", 'class="grid"', unless="from memory"),
        calls("recommendations"): shows("/", "Because: "),
    },
    "gateway": _EVERYBODY
    | {
        calls("marketplace"): shows("/", "<h1>Laptops"),
        **{calls(api): shows(f"/api/{api}", '"id"') for api in sorted(_API)},
    },
    "console": _EVERYBODY | {"shows everybody": shows_everybody},
}


async def lacking(self: Member, abilities: set[str], within_s: float = PATIENCE_S) -> set[str]:
    """Those of *abilities* that it has not shown *within_s*."""
    left = set(abilities)

    async def shown(ability: str) -> None:
        while not await ABILITIES[self.name][ability](self):
            await _CLOCK.sleep(_LOOK_EVERY_S)
        left.discard(ability)

    tasks = [asyncio.create_task(shown(ability)) for ability in abilities]
    _, pending = await asyncio.wait(tasks, timeout=within_s)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in tasks:
        if not task.cancelled():
            task.result()
    return left
