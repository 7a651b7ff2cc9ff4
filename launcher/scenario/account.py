"""A program that has an account of its own, and asks the APIs with it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

import aiohttp

from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble

# A token that ends while a request is under way would be refused.
_BEFORE_ITS_END_S = 30.0


class Account:
    """A customer's, called *name*, made when it is first used; a token is asked for anew before it ends."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._stage = stage
        self._who = {"email": f"{name}-{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}
        self._asking = asyncio.Lock()
        self._is_known = False
        self._token = ""
        self._until = 0.0

    async def headers(self) -> Mapping[str, str]:
        """What a request has to carry.

        Raises:
            Trouble: when nobody lets it in.
        """
        async with self._asking:
            if self._stage.clock.now() >= self._until:
                if not self._is_known:
                    await self._post("/api/accounts", 201)
                    self._is_known = True
                given = await self._post("/api/token", 200)
                self._token = str(given["access_token"])
                self._until = self._stage.clock.now() + float(str(given["expires_in"])) - _BEFORE_ITS_END_S
        return {"Authorization": f"Bearer {self._token}"}

    async def _post(self, path: str, expected: int) -> dict[str, object]:
        url = self._stage.url("shop", path)
        try:
            async with aiohttp.ClientSession() as session, session.post(url, json=self._who) as response:
                if response.status != expected:
                    raise Trouble(f"POST {path} answered {response.status}: {await response.text():.200}")
                content: dict[str, object] = await response.json()
                return content
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Trouble(f"POST {path}: {str(error) or 'no answer in time'}") from None
