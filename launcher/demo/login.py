"""The demonstration logs in as anybody would who may write: an account of its own, and a token for some minutes."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from discovery.clock import Clock
from launcher.demo.failures import StepFailed
from launcher.local import StaffRefused, System

_EMAIL = "demo@example.com"
# A token that ends while a request is under way would be refused.
_BEFORE_ITS_END_S = 30.0


class Login:
    """The account is made when it is first needed; a token is asked for anew before it ends."""

    def __init__(self, system: System, gateway: aiohttp.ClientSession, clock: Clock) -> None:
        self._system = system
        self._gateway = gateway
        self._clock = clock
        self._credentials: dict[str, str] = {}
        self._token = ""
        self._until = 0.0

    async def headers(self) -> Mapping[str, str]:
        """What a request has to carry that writes.

        Raises:
            StepFailed: when there is no account, or it cannot log in.
        """
        if self._clock.now() >= self._until:
            self._token, lasts_s = await self._log_in()
            self._until = self._clock.now() + lasts_s - _BEFORE_ITS_END_S
        return {"Authorization": f"Bearer {self._token}"}

    async def _log_in(self) -> tuple[str, float]:
        if not self._credentials:
            try:
                made = await self._system.staff(_EMAIL)
            except StaffRefused as exc:
                raise StepFailed(f"no account was made that may write: {exc}") from None
            self._credentials = {"email": made.email, "password": made.password}
        async with self._gateway.post("/api/token", json=self._credentials) as response:
            if response.status != 200:
                raise StepFailed(f"POST /api/token answered {response.status}: {await response.text()}")
            content = await response.json()
            return content["access_token"], content["expires_in"]
