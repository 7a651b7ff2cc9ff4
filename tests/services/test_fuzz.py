"""Each API against what its own document says: requests that it allows, and those that it does not, by the hundred.

The requests are made from the document (Schemathesis), the same on every run. None may bring a 5xx, an answer that the
document does not know, or a success without a token where one is asked for.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

import discovery
from services.gateway.edge.settings import EdgeSettings
from services.kit.application import application
from services.kit.data.database import database_url
from services.kit.service import Service, Settings
from services.ports.app import SERVICE as PORTS
from tests.services.catalogue import SERVICES, running
from tests.services.gateway.doors import build as gateway
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, enrolled, served

# What a document says is looser than what is taken: it cannot say that a line has only characters that are shown, nor
# that 7.0 is no whole number. So what it allows may be refused; what it forbids must be. And a change without
# If-Match is answered as RFC 6585 says.
CONFIG = """
[checks]
positive_data_acceptance.enabled = false
missing_required_header.expected-statuses = [400, 401, 403, 415, 422, 428]
"""


# About ten seconds each, where nothing else runs.
pytestmark = pytest.mark.timeout(300)


async def fuzzed(client: Client, issuer: IssuerDouble, folder: Path) -> str:
    """What Schemathesis finds, to whom a token of staff was given; nothing, when all is well."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG)
    fuzz = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        *(f"http://{client.address}/openapi.json", "--generation-deterministic", "--max-examples", "5"),
        *("--header", f"Authorization: Bearer {issuer.token('customer', 'staff')}"),
        # Another name for the same handlers; and what would leave nobody whose token it is.
        *("--exclude-path-regex", "/port(/|$)", "--exclude-operation-id", "delete_accounts_me"),
        *("--warnings", "off", "--no-color"),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await fuzz.communicate())[0].decode()
    return "" if fuzz.returncode == 0 and "No issues found" in said else said


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
async def test_no_request_brings_an_answer_that_the_document_does_not_know(service: Service, tmp_path: Path) -> None:
    issuer = IssuerDouble()
    async with running(service, issuer, tmp_path) as client:
        found = await fuzzed(client, issuer, tmp_path)

    assert not found, found


async def test_nor_does_one_that_comes_through_the_gateway(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    issuer = IssuerDouble()
    settings = Settings(database_url(PORTS.name, {"MESH_DATA": str(tmp_path)}), issuer.trusted)
    edge = EdgeSettings.from_env({"GATEWAY_RATE": "off"})
    async with (
        issuer.serving(registry),
        served(application(PORTS, settings), PORTS.name, registry),
        served(gateway(edge, (PORTS.name,), issuer.trusted), "gateway", registry) as client,
    ):
        while "/ports" not in (await client("GET", "/openapi.json")).text:
            await enrolled(registry, PORTS.name)
        found = await fuzzed(client, issuer, tmp_path)

    assert not found, found
