"""All services that declare their routes, and each of them running with what it asks of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

import discovery
from services.accounts.app import SERVICE as ACCOUNTS
from services.accounts.app import build as build_accounts
from services.kit.application import application
from services.kit.auth.guard import VERIFIER
from services.kit.auth.key_ring import KeyRing
from services.kit.auth.keys import read_keys
from services.kit.auth.verifier import Verifier
from services.kit.data.database import database_url
from services.kit.service import Service, Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.orders.app import SERVICE as ORDERS
from services.payments.app import SERVICE as PAYMENTS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.services.accounts.cheap import CHEAP
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, enrolled, served

SERVICES: Mapping[str, Service] = MappingProxyType(
    {service.name: service for service in (ACCOUNTS, LAPTOPS, NOTIFICATIONS, ORDERS, PAYMENTS, PORTS, RECOMMENDATIONS)}
)


@asynccontextmanager
async def running(service: Service, issuer: IssuerDouble, folder: Path) -> AsyncIterator[Client]:
    """The service, with its data in *folder*, for tokens of *issuer*; and the laptops, which others ask."""
    registry = discovery.StaticRegistry()

    def built(which: Service) -> web.Application:
        return application(which, Settings(database_url(which.name, {"MESH_DATA": str(folder)}), issuer.trusted))

    if service is ACCOUNTS:
        async with _accounts(issuer, folder) as client:
            yield client
        return
    async with issuer.serving(registry), served(built(LAPTOPS), LAPTOPS.name, registry) as laptops:
        await enrolled(registry, LAPTOPS.name)
        if service is LAPTOPS:
            yield laptops
            return
        async with served(built(service), service.name, registry) as client:
            yield client


@asynccontextmanager
async def _accounts(issuer: IssuerDouble, folder: Path) -> AsyncIterator[Client]:
    """The accounts, at which tokens of *issuer* count, and are those of somebody who has signed up."""
    around = discovery.Surroundings()
    settings = Settings(database_url(ACCOUNTS.name, {"MESH_DATA": str(folder)}), issuer.trusted)
    app = build_accounts(settings, around, CHEAP)
    ring = KeyRing(issuer.trusted, around)
    ring.keys = read_keys(issuer.document)
    app[VERIFIER] = Verifier(ring)
    async with served(app, ACCOUNTS.name) as client:
        account = await client("POST", "/accounts", json={"email": "ada@example.org", "password": "correct horse"})
        issuer.subject = account.json["id"]
        yield client
