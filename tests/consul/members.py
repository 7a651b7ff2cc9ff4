"""The services themselves, each with a token file, and what each of them can do: asked of the running service."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

import discovery
from observability.console.app import build as console
from observability.console.settings import ConsoleSettings
from services.accounts.app import build as accounts
from services.gateway.app import build as gateway
from services.kit.application import application
from services.kit.auth.issuer import Issuer
from services.kit.data.database import file_url
from services.kit.service import Service, Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.marketplace.app import build as marketplace
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.orders.app import build as orders
from services.payments.app import SERVICE as PAYMENTS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.contract.api import PATIENCE_S, Api

ISSUER = Issuer("http://accounts", "mesh")


def settings(name: str, data: Path) -> Settings:
    return Settings(file_url(data / f"{name}.db"), ISSUER)


def declared(service: Service) -> Callable[[Path], web.Application]:
    return lambda data: application(service, settings(service.name, data))


BUILD: Mapping[str, Callable[[Path], web.Application]] = {
    "accounts": lambda data: accounts(settings("accounts", data)),
    "console": lambda data: console(ConsoleSettings(path=data / "console.db")),
    "gateway": lambda data: gateway(issuer=ISSUER),
    "laptops": declared(LAPTOPS),
    "marketplace": lambda data: marketplace(file_url(data / "marketplace.db")),
    "notifications": declared(NOTIFICATIONS),
    "orders": lambda data: orders(settings("orders", data)),
    "payments": declared(PAYMENTS),
    "ports": declared(PORTS),
    "recommendations": declared(RECOMMENDATIONS),
}
# What strangers may read through the gateway.
_API = {"laptops", "ports", "recommendations"}
# Of the form of a token, and signed by nobody: it is refused by who knows the keys of the issuer, who else cannot tell.
_FORGED = ".".join(
    urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg": "EdDSA", "typ": "at+jwt", "kid": "nobody"}', b"{}", bytes(64))
)
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

    async def forged(self, method: str, path: str) -> int:
        headers = {"Authorization": f"Bearer {_FORGED}"}
        async with self.session.request(
            method, f"http://{self.server.instance.address}{path}", json={}, headers=headers
        ) as answer:
            return answer.status


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


def refuses(path: str, method: str = "POST") -> Asked:
    """Says that it is wrong what is sent there, and not that nobody can tell."""

    async def asked(self: Member) -> bool:
        return await self.forged(method, path) in {400, 401, 422}

    return asked


def wants_a_token(path: str) -> Asked:
    """Knows the path, which is for nobody without one."""

    async def asked(self: Member) -> bool:
        return (await self.get(path))[0] == 401

    return asked


def finds(service: str) -> Asked:
    """Sees instances of it, whom it asks in the background."""

    async def asked(self: Member) -> bool:
        view = self.server.mesh.view(service)
        return view is not None and bool(view.instances)

    return asked


def calls(service: str) -> str:
    return f"calls {service}"


_EVERYBODY: dict[str, Asked] = {
    "registers": registers,
    "sees itself": sees_itself,
    "follows its settings": follows_settings,
}
ABILITIES: Mapping[str, Mapping[str, Asked]] = {
    "accounts": _EVERYBODY,
    "notifications": _EVERYBODY | {calls("accounts"): refuses("/notifications", "GET")},
    "orders": _EVERYBODY
    | {
        calls("accounts"): refuses("/orders", "GET"),
        calls("laptops"): finds("laptops"),
        calls("notifications"): finds("notifications"),
        calls("payments"): finds("payments"),
        calls("recommendations"): finds("recommendations"),
    },
    "payments": _EVERYBODY | {calls("accounts"): refuses("/ledger/accounts", "GET")},
    "ports": _EVERYBODY | {calls("accounts"): refuses("/ports")},
    "laptops": _EVERYBODY
    | {
        calls("accounts"): refuses("/laptops"),
        calls("ports"): shows("/laptops/1", '"ports"', unless='"notice":"'),
        calls("recommendations"): finds("recommendations"),
    },
    "recommendations": _EVERYBODY | {calls("laptops"): shows("/recommendations", '"notice":null')},
    "marketplace": _EVERYBODY
    | {
        calls("laptops"): shows("/", 'class="grid"', unless="from memory"),
        calls("ports"): shows("/", "× USB-C"),
        calls("recommendations"): shows("/", 'class="because"'),
        calls("accounts"): finds("accounts"),
        calls("orders"): finds("orders"),
        calls("notifications"): finds("notifications"),
    },
    "gateway": _EVERYBODY
    | {
        calls("marketplace"): shows("/", "<h1>Laptops"),
        calls("accounts"): refuses("/api/token"),
        calls("notifications"): wants_a_token("/api/notifications"),
        calls("orders"): wants_a_token("/api/orders"),
        calls("payments"): wants_a_token("/api/ledger/accounts"),
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
