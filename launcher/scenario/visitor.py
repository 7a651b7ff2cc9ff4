"""Somebody at the shop, who looks at pages, signs up and orders, by the forms that the pages have."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

from discovery.clock import Clock
from launcher.customers import Form, Page, session_of
from launcher.scenario.trouble import Trouble

_LAPTOP = re.compile(r"/laptops/[0-9]+")
_ORDER = re.compile(r"/orders/[0-9]+")
_NOTICE = re.compile(r'<p class="(?:notice|quiet)(?: [^"]*)?"[^>]*>(.*?)</p>', re.DOTALL)
_TAGS = re.compile(r"<[^>]+>")


class Opened(NamedTuple):
    """A page: its *text*, the *path* where that is in the end, and how long it *took_s*."""

    status: int
    path: str
    text: str
    took_s: float

    @property
    def notices(self) -> list[str]:
        """What it says about something that is not as usual."""
        return [" ".join(html.unescape(_TAGS.sub("", found)).split()) for found in _NOTICE.findall(self.text)]


class Visitor:
    """One browser without JavaScript. All methods raise :class:`Trouble`."""

    def __init__(self, shop: str, clock: Clock) -> None:
        self._session = session_of(shop)
        self._clock = clock
        self._is_known = False
        # The page of the order that is waited for.
        self.order_path = ""

    @property
    def cookies(self) -> Mapping[str, str]:
        """What the browser has of the shop's."""
        return {cookie.key: cookie.value for cookie in self._session.cookie_jar}

    async def leave(self) -> None:
        """Close the browser."""
        await self._session.close()

    async def open(self, path: str) -> Opened:
        """A page, whatever its status."""
        return await self._ask("GET", path)

    async def order(self) -> str:
        """Order a laptop, and remember the page of the order."""
        if not self._is_known:
            form = self._form(await self.open("/signup"), "/signup")
            account = {"email": f"visitor-{secrets.token_hex(4)}@example.com", "password": secrets.token_urlsafe(12)}
            entered = await self._send(form, **account)
            if entered.path == "/signup":
                raise Trouble("the shop did not let a new customer in")
            self._is_known = True
        front = Page((await self.open("/")).text)
        for laptop in dict.fromkeys(link for link in front.links if _LAPTOP.fullmatch(link)):
            # Who is sold out has no such form.
            if taking := Page((await self.open(laptop)).text).form("/basket"):
                await self._send(taking)
                break
        placed = await self._send(self._form(await self.open("/checkout"), "/checkout"), card="ok")
        if not _ORDER.fullmatch(placed.path):
            raise Trouble(f"the checkout led to {placed.path}: {' '.join(placed.notices)}")
        self.order_path = placed.path
        return placed.path

    def _form(self, page: Opened, action: str) -> Form:
        form = Page(page.text).form(action)
        if form is None:
            raise Trouble(f"{page.path} ({page.status}) has no form to go on with: {' '.join(page.notices)}")
        return form

    async def _send(self, form: Form, **said: str) -> Opened:
        return await self._ask("POST", form.action, {**form.fields, **said})

    async def _ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> Opened:
        began = self._clock.now()
        try:
            async with self._session.request(method, path, data=fields) as response:
                text = await response.text()
                return Opened(response.status, response.url.path, text, self._clock.now() - began)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Trouble(f"{method} {path}: {str(error) or 'no answer in time'}") from None
