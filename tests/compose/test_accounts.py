"""Who may write in the stack: an account that is made beside accounts, and lives in its volume."""

from __future__ import annotations

import json
import secrets
from typing import Any

import aiohttp
import pytest

from launcher.stack.stack import Stack
from tests.compose.probes import status
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

PORT = {"name": "Left HDMI", "laptop": 3}


async def test_staff_is_made_beside_accounts_writes_and_outlives_the_container(
    stack: Stack, session: aiohttp.ClientSession
) -> None:
    gateway, email, password = await stack.url("gateway", 8080), "staff@example.com", secrets.token_urlsafe()

    async def token() -> str:
        """What the account logs in with, or ``""``."""
        async with session.post(f"{gateway}/api/token", json={"email": email, "password": password}) as response:
            return str((await response.json()).get("access_token", ""))

    async def asked(method: str, path: str, content: Any = None, **headers: str) -> tuple[int, dict[str, Any]]:
        async with session.request(method, f"{gateway}{path}", json=content, headers=headers) as response:
            return response.status, json.loads(await response.text() or "{}")

    assert (await asked("POST", "/api/ports", PORT))[0] == 401
    making = f"echo {password} | python -m services.accounts staff {email}"
    await stack.exec("accounts", "sh", "-c", making)
    bearer = f"Bearer {await token()}"
    made, port = await asked("POST", "/api/ports", PORT, Authorization=bearer)
    assert made == 201, port
    assert (await asked("DELETE", f"/api/ports/{port['id']}", Authorization=bearer))[0] == 204

    (accounts,) = await stack.containers("accounts")
    await stack.stop(accounts)
    # Whose keys are known needs nobody who signs.
    assert (await asked("DELETE", f"/api/ports/{port['id']}", Authorization=bearer))[0] == 204
    assert await status(session, f"{gateway}/api/laptops/1") == 200
    await stack.up()
    await comes(token, bool)
    assert password not in await stack.logs("accounts", "gateway")
