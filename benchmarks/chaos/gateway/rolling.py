"""Every service with data is replaced instance by instance by one with another schema, under 100 requests a second."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.chaos.gateway.load import Answered, Asked, failed, sending
from benchmarks.chaos.gateway.stage import UNLIMITED, Stage, System
from benchmarks.chaos.playing import Scenario
from launcher.development import Row
from launcher.plan import ROOT

_RATE, _INSTANCES, _TOLD = 100.0, 2, 3
_NO_TOKEN = "A" * 64
# A revision made for the purpose: instances of before go on beside it, since it only adds.
_REVISION = '''"""A column more."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{before}"


def upgrade() -> None:
    op.add_column("{table}", sa.Column("rolled", sa.String))
'''


@dataclass(frozen=True, slots=True)
class Rolled:
    """A service, the table to change, and what is asked of it through the gateway at *url*, by number.

    It is led to when a GET of ``path`` is answered by ``status``; ``beside`` are those whom it calls.
    """

    service: str
    table: str
    ask: Callable[[str, int], Asked]
    path: str
    status: int = 200
    beside: tuple[str, ...] = ()


def _port(url: str, number: int) -> Asked:
    if number % 4:
        return Asked("GET", f"{url}/api/ports/{4 + number % 20}")
    document = {"name": f"Port {number}", "laptop": 1}
    return Asked("POST", f"{url}/api/ports", document=document, expected=(201,))


def _laptop(url: str, number: int) -> Asked:
    if number % 4:
        return Asked("GET", f"{url}/api/laptops?limit=5")
    document = {"title": f"Laptop {number}", "model": "chaos"}
    return Asked("POST", f"{url}/api/laptops", document=document, expected=(201,))


def _account(url: str, _: int) -> Asked:
    # A refusal that looks into the data: whoever logs in costs a tenth of a second of every core.
    return Asked("POST", f"{url}/api/token/refresh", document={"refresh_token": _NO_TOKEN}, expected=(401,))


def _recommendation(url: str, number: int) -> Asked:
    return Asked("GET", f"{url}/api/recommendations/{1 + number % 10}")


def _order(url: str, number: int) -> Asked:
    # Few: each is gone on with, and its laptops are asked for, as long as it is open.
    if number % 20:
        return Asked("GET", f"{url}/api/orders?limit=5")
    document = {"lines": [{"laptop": 1, "quantity": 1, "price_cents": 119_900}], "card": "ok"}
    return Asked("POST", f"{url}/api/orders", {"Idempotency-Key": f"order-{number}"}, document, expected=(202,))


def _ledger(url: str, _: int) -> Asked:
    return Asked("GET", f"{url}/api/ledger/accounts")


def _notification(url: str, _: int) -> Asked:
    return Asked("GET", f"{url}/api/notifications?limit=5")


ROLLED = (
    Rolled("ports", "ports", _port, "/api/ports"),
    Rolled("laptops", "laptops", _laptop, "/api/laptops"),
    Rolled("accounts", "accounts", _account, "/api/accounts/me", 401),
    Rolled("recommendations", "looks", _recommendation, "/api/recommendations/1", beside=("laptops",)),
    Rolled("orders", "orders", _order, "/api/orders"),
    Rolled("payments", "charges", _ledger, "/api/ledger/accounts"),
    Rolled("notifications", "notifications", _notification, "/api/notifications"),
)


def rows_of(service: str, answers: Sequence[Answered]) -> list[Row]:
    """The figure of one service."""
    lost = len(failed(answers))
    what = f"{service} replaced by one with another schema: requests failed"
    return [Row(what, lost, f"of {len(answers)}", "= 0", lost == 0)]


def changed_copy(folder: Path, rolled: Rolled) -> Path:
    """The services in *folder*, of which the one that is *rolled* has a revision more; returns where they are."""
    copied = shutil.copytree(ROOT / "services", folder / "services", ignore=shutil.ignore_patterns("__pycache__"))
    migrations = copied / rolled.service / "migrations"
    before = max(int(path.stem.partition("_")[0][1:]) for path in migrations.glob("v*.py"))
    text = _REVISION.format(number=before + 1, before=before, table=rolled.table)
    (migrations / f"v{before + 1}_rolled.py").write_text(text, encoding="utf-8")
    return folder


async def _play(stage: Stage) -> list[Row]:
    rows: list[Row] = []
    for rolled in ROLLED:
        async with stage.system() as system:
            rows += await _roll(stage, system, rolled)
    return rows


async def _roll(stage: Stage, system: System, rolled: Rolled) -> list[Row]:
    changed = changed_copy(system.folder / "changed", rolled)
    names = [f"{rolled.service}-{number}" for number in range(1, _INSTANCES + 1)]
    old = [await system.start(name) for name in names]
    for name in rolled.beside:
        await system.start(f"{name}-1")
    gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED)
    await system.leads(gateway, rolled.path, rolled.status)
    async with sending(lambda number: rolled.ask(gateway.url, number), _RATE, stage.clock) as stop:
        await stage.pause(4, 2)
        for name, before in zip(names, old, strict=True):
            await system.start(f"{name}-changed", f"services.{rolled.service}", root=changed)
            await stage.pause(3, 1)
            await before.leave()
            await stage.pause(3, 1)
        answers = await stop()
    for lost in failed(answers)[:_TOLD]:
        click.echo(f"mesh:   {rolled.service}: {lost.error}", err=True)
    return rows_of(rolled.service, answers)


SCENARIOS = (Scenario("rolling", "every service with data gets another schema, instance by instance", _play),)
