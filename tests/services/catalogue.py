"""All services that declare their routes, and each of them running with what it asks of others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from aiohttp import web

import discovery
from services.kit.application import application
from services.kit.data.database import database_url
from services.kit.service import Service
from services.kit.settings import Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, enrolled, served

SERVICES: Mapping[str, Service] = MappingProxyType(
    {service.name: service for service in (LAPTOPS, PORTS, RECOMMENDATIONS)}
)


@asynccontextmanager
async def running(service: Service, issuer: IssuerDouble, folder: Path) -> AsyncIterator[Client]:
    """The service, with its data in *folder*, for tokens of *issuer*; and the laptops, which others ask."""
    registry = discovery.StaticRegistry()

    def built(which: Service) -> web.Application:
        return application(which, Settings(database_url(which.name, {"MESH_DATA": str(folder)}), issuer.trusted))

    async with issuer.serving(registry), served(built(LAPTOPS), LAPTOPS.name, registry) as laptops:
        await enrolled(registry, LAPTOPS.name)
        if service is LAPTOPS:
            yield laptops
            return
        async with served(built(service), service.name, registry) as client:
            yield client
