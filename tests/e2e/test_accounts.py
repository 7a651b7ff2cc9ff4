"""Reading is free, and to write takes an account that only whoever runs the system can make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.command import ROOT, Up, said

pytestmark = pytest.mark.e2e

SMALL = ("--json", "--consul", "embedded", "--only", "gateway,accounts,ports", "--scale", "ports=1")
PORT = {"name": "Left HDMI", "laptop": 3}
CUSTOMER = {"email": "customer@example.com", "password": "correct horse battery staple"}


def logs(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.glob("*.log"))


async def test_staff_writes_by_what_the_command_says_and_nobody_else_does() -> None:
    async with Up("up", *SMALL) as up:
        system = await up.ready()
        async with aiohttp.ClientSession(system["gateway"]) as session:

            async def post(path: str, content: Any, token: str = "") -> tuple[int, Any]:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                async with session.post(path, json=content, headers=headers) as response:
                    return response.status, await response.json()

            async def token_of(made: dict[str, str]) -> str:
                status, told = await post("/api/token", {name: made[name] for name in CUSTOMER})
                assert status == 200, told
                return str(told["access_token"])

            assert (await post("/api/accounts", CUSTOMER))[0] == 201
            code, out, err = await said("staff", "--json", "--system", system["system"])
            assert code == 0, err
            staff = json.loads(out)
            for token, status in (("", 401), (await token_of(CUSTOMER), 403), (await token_of(staff), 201)):
                assert (await post("/api/ports", PORT, token))[0] == status
            code, out, err = await said("staff", CUSTOMER["email"], "--system", system["system"])
            assert (code, out) == (0, f"{CUSTOMER['email']} is staff, with the password that it had\n"), err
            assert (await post("/api/ports", {"name": "Right HDMI"}, await token_of(CUSTOMER)))[0] == 201
        up.signal()
        assert await up.ended() == 0
        assert staff["password"] not in logs(ROOT / ".mesh" / system["system"])


async def test_without_accounts_there_is_nobody_to_log_in_and_writes_are_open() -> None:
    async with Up("up", "--json", "--consul", "embedded", "--only", "ports", "--scale", "ports=1") as up:
        system = await up.ready()
        async with aiohttp.ClientSession() as session:
            (port,) = system["instances"]
            async with session.post(f"{port['url']}/ports", json=PORT) as response:
                assert response.status == 201
        code, _, err = await said("staff", "--system", system["system"])
        assert (code, err.count("\n")) == (1, 1)
        assert "accounts does not run here" in err
