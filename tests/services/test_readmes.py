"""The lines that a README tells its reader to try."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path
from string import Template

import pytest
from sqlalchemy.engine import URL

import discovery
from launcher.plan import ROOT, module_of
from observability.console.app import build as build_console
from observability.console.settings import ConsoleSettings
from services.accounts.app import build as build_accounts
from services.gateway.app import build as build_gateway
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.marketplace.app import build as build_marketplace
from services.notifications.app import SERVICE as NOTIFICATIONS
from services.orders.app import build as build_orders
from services.payments.app import SERVICE as PAYMENTS
from tests.services.support import build, build_laptops, build_ports, build_recommendations, enrolled, served

PORTS = {
    "accounts": 5004,
    "console": 4318,
    "gateway": 8080,
    "laptops": 5000,
    "marketplace": 5003,
    "notifications": 5007,
    "orders": 5006,
    "payments": 5005,
    "ports": 5001,
    "recommendations": 5002,
}

CURL = argparse.ArgumentParser(prog="curl", exit_on_error=False)
CURL.add_argument("-s", action="store_true")
CURL.add_argument("-X", dest="method", default="GET")
CURL.add_argument("-H", dest="headers", action="append", default=[])
CURL.add_argument("-d", dest="data")
CURL.add_argument("url")


def readme(service: str) -> str:
    return ROOT.joinpath(*module_of(service).split("."), "README.md").read_text(encoding="utf-8")


def lines(service: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", readme(service), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("service", PORTS)
async def test_every_line_to_try_works(
    service: str, registry: discovery.StaticRegistry, ports_url: URL, laptops_url: URL, tmp_path: Path
) -> None:
    async with (
        served(build_ports(ports_url), "ports", registry) as ports,
        served(build_laptops(laptops_url), "laptops", registry) as laptops,
    ):
        await enrolled(registry, "ports", "laptops")
        looks = file_url(tmp_path / "recommendations.db")
        kept = ConsoleSettings(path=tmp_path / "console.db")
        async with (
            served(build_recommendations(looks), "recommendations", registry) as recommendations,
            served(build_marketplace(file_url(tmp_path / "marketplace.db")), "marketplace", registry) as marketplace,
            served(build_gateway(), "gateway", registry) as gateway,
            served(build_console(kept), "console", registry) as console,
            served(build(PAYMENTS, file_url(tmp_path / "payments.db")), "payments", registry) as payments,
            served(build(NOTIFICATIONS, file_url(tmp_path / "told.db")), "notifications", registry) as notifications,
            served(build_orders(Settings(file_url(tmp_path / "orders.db"))), "orders", registry) as orders,
            served(build_accounts(Settings(file_url(tmp_path / "accounts.db"))), "accounts", registry) as accounts,
        ):
            client = {
                "accounts": accounts,
                "console": console,
                "gateway": gateway,
                "laptops": laptops,
                "marketplace": marketplace,
                "notifications": notifications,
                "orders": orders,
                "payments": payments,
                "ports": ports,
                "recommendations": recommendations,
            }[service]
            start, *tries = lines(service)
            command = "mesh console" if service == "console" else f"python -m services.{service}"
            assert start.startswith(f"{command} ")
            assert len(tries) >= 3
            told: dict[str, str] = {}
            for said in tries:
                line = Template(said).safe_substitute(told)
                curl = CURL.parse_args(shlex.split(line)[1:])
                origin = f"http://127.0.0.1:{PORTS[service]}"
                assert curl.url.startswith(f"{origin}/")
                headers = dict(header.split(": ") for header in curl.headers)
                answer = await client(curl.method, curl.url.removeprefix(origin), data=curl.data, headers=headers)
                assert answer.status < 300, (line, answer)
                # What a reader is asked to remember has the name that the answer gives it, in the way of a shell.
                if "access_token" in answer.text:
                    told |= {name.upper(): value for name, value in answer.json.items()}


@pytest.mark.parametrize("service", PORTS)
def test_a_readme_fits_on_a_screen(service: str) -> None:
    assert len(readme(service).splitlines()) <= 55
