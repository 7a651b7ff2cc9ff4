"""A customer of the demonstration, who signs up and buys by the pages that people see."""

from __future__ import annotations

import re
import secrets
from types import TracebackType
from typing import Self

import aiohttp

from launcher.customers import Form, Page, session_of

_ORDER = re.compile(r"/orders/([0-9]+)")
_ENTRANCES = ("/signup", "/login")


class Buyer:
    """Somebody at *shop*, with an account that he makes there.

    Each step returns what stands in its way, or ``""``. Where the shop did not hear of one in time, it may be taken
    again, as a person does, and nothing is ordered twice.
    """

    def __init__(self, shop: str) -> None:
        self._shop = shop
        self._account = {
            "email": f"customer-{secrets.token_hex(4)}@example.com",
            "password": secrets.token_urlsafe(12),
        }
        self._attempts = 0
        self._paying: Form | None = None
        # The number of the last order that was placed.
        self.order = 0

    async def __aenter__(self) -> Self:
        self._session = session_of(self._shop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def take(self, laptop: int) -> str:
        """Put one of *laptop* into the basket."""
        await self._ask("GET", "/")  # where a browser gets the cookie by which its basket is known
        page, path = await self._ask("GET", f"/laptops/{laptop}")
        if page is None or (taking := page.form("/basket")) is None:
            return f"{path} offers nothing to put into the basket"
        page, path = await self._ask("POST", "/basket", taking)
        return "" if page is not None and path == "/basket" else f"the laptop did not come into the basket, but {path}"

    async def come_in(self) -> str:
        """Sign up; log in, where it is not known whether that was heard."""
        entrance = _ENTRANCES[self._attempts % len(_ENTRANCES)]
        self._attempts += 1
        page, path = await self._ask("GET", entrance)
        if page is not None and (form := page.form(entrance)) is not None:
            form.fields |= self._account
            page, path = await self._ask("POST", entrance, form)
        return "" if page is not None and path not in _ENTRANCES else f"{entrance} did not let the customer in"

    async def pay(self) -> str:
        """Order what is in the basket."""
        if self._paying is None:
            page, path = await self._ask("GET", "/checkout")
            if page is None or (paying := page.form("/checkout")) is None:
                return f"the checkout cannot be seen, but {path}"
            paying.fields["card"] = "ok"
            self._paying = paying
        _, path = await self._ask("POST", "/checkout", self._paying)
        if not (placed := _ORDER.fullmatch(path)):
            return "the shop did not take the order"
        self.order, self._paying = int(placed[1]), None
        return ""

    async def is_told(self, words: str) -> str:
        """Read *words* among what the shop has to tell."""
        try:
            async with self._session.get("/notifications") as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"/notifications: {str(error) or type(error).__name__}"
        return "" if words in text else f"the shop's page of notifications does not say {words!r}"

    async def _ask(self, method: str, path: str, form: Form | None = None) -> tuple[Page | None, str]:
        """The page that one gets to, None where that is a refusal; and where that is."""
        try:
            async with self._session.request(method, path, data=form.fields if form else None) as response:
                text, where = await response.text(), response.url.path
        except (aiohttp.ClientError, TimeoutError) as error:
            return None, f"{path}: {str(error) or type(error).__name__}"
        return (Page(text) if response.status < 400 else None), where
