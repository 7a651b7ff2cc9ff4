"""The lines that a README tells its reader to try."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from services.gateway.app import build as build_gateway
from services.laptops.app import build as build_laptops
from services.ports.app import build as build_ports
from tests.services.support import enrolled, served

SERVICES = Path(__file__).resolve().parents[2] / "services"
PORTS = {"gateway": 8080, "laptops": 5000, "ports": 5001}

CURL = argparse.ArgumentParser(prog="curl", exit_on_error=False)
CURL.add_argument("-s", action="store_true")
CURL.add_argument("-X", dest="method", default="GET")
CURL.add_argument("-H", dest="headers", action="append", default=[])
CURL.add_argument("-d", dest="data")
CURL.add_argument("url")


def lines(service: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (SERVICES / service / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("service", PORTS)
async def test_every_line_to_try_works(
    service: str, registry: discovery.StaticRegistry, ports_url: URL, laptops_url: URL
) -> None:
    async with (
        served(build_ports(ports_url), "ports", registry, tags=("api",)) as ports,
        served(build_laptops(laptops_url), "laptops", registry, tags=("api",)) as laptops,
    ):
        await enrolled(registry, "ports", "laptops")
        async with served(build_gateway(), "gateway", registry) as gateway:
            client = {"ports": ports, "laptops": laptops, "gateway": gateway}[service]
            start, *tries = lines(service)
            assert start.startswith(f"python -m services.{service} ")
            assert len(tries) >= 3
            for line in tries:
                curl = CURL.parse_args(shlex.split(line)[1:])
                origin = f"http://127.0.0.1:{PORTS[service]}"
                assert curl.url.startswith(f"{origin}/")
                headers = dict(header.split(": ") for header in curl.headers)
                answer = await client(curl.method, curl.url.removeprefix(origin), data=curl.data, headers=headers)
                assert answer.status < 300, (line, answer)


@pytest.mark.parametrize("service", PORTS)
def test_a_readme_fits_on_a_screen(service: str) -> None:
    assert len((SERVICES / service / "README.md").read_text(encoding="utf-8").splitlines()) <= 55
