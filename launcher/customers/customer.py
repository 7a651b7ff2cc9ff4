"""One customer: comes, looks around, buys or does not, and comes again after a while."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from random import Random

import aiohttp
from aiohttp import hdrs

from discovery.clock import Clock
from launcher.customers.page import Form, Page

# Like people: a page is looked at for a moment. One that took long is a sign that others wait, too.
_LOOKS_S = (1.0, 3.0)
_USUAL_S = 0.25
_MOST_S = 30.0
# Between two visits.
_STAYS_AWAY_S = (4.0, 12.0)
_LIMIT_S = 15.0

_LOOKS_AT = (1, 3)
_BUYS, _SEARCHES = 0.6, 0.3
_WORDS = ("usb-c", "14", "gaming", "light", "thunderbolt")
# Nearly all cards pay.
_CARDS = ("ok",) * 8 + ("declined", "insufficient-funds")
_SEES_PROGRESS = 10
_LAPTOP = re.compile(r"/laptops/[0-9]+")
_ORDER = re.compile(r"/orders/([0-9]+)")


class Trouble(Exception):
    """The shop did not do what was asked for; the sentence says what it did."""


def pause_s(looks_s: float, took_s: float) -> float:
    """How long to look at a page that took so long: who has to wait clicks less."""
    return min(_MOST_S, looks_s * max(1.0, took_s / _USUAL_S))


class Customer:
    """Called *name*, in a *session* of its own, which knows where the shop is; *say* hears what happens."""

    def __init__(
        self, name: str, session: aiohttp.ClientSession, rng: Random, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._name = name
        self._session = session
        self._rng = rng
        self._clock = clock
        self._say = say
        self._account: Mapping[str, str] = {}

    async def live(self) -> None:
        """Come again and again, for ever."""
        while True:
            try:
                await self.visit()
            except Trouble as trouble:
                self._say(f"{self._name}: {trouble}")
            await self._clock.sleep(self._rng.uniform(*_STAYS_AWAY_S))

    async def visit(self) -> None:
        """Look at some laptops, and buy the last of them, perhaps.

        Raises:
            Trouble: when that did not go as it should.
        """
        page = await self._open("/")
        if self._rng.random() < _SEARCHES:
            found = await self._open(f"/?q={self._rng.choice(_WORDS)}")
            page = found if _laptops(found) else page
        for _ in range(self._rng.randint(*_LOOKS_AT)):
            if not (offered := _laptops(page)):
                return
            page = await self._open(self._rng.choice(offered))
        taking = page.form("/basket")
        if self._rng.random() < _BUYS and taking is not None:
            await self._buy(taking)

    async def _buy(self, taking: Form) -> None:
        await self._send(taking)
        await self._log_in()
        # It is gone if somebody else bought the last one meanwhile: then the basket says so.
        if (paying := (await self._open("/checkout")).form("/checkout")) is None:
            return
        page, path = await self._send(paying, card=self._rng.choice(_CARDS))
        if not (placed := _ORDER.fullmatch(path)):
            return
        self._say(f"{self._name} placed order {placed[1]}")
        for _ in range(_SEES_PROGRESS):
            if not page.refreshes:
                return
            page = await self._open(path)

    async def _log_in(self) -> None:
        """Sign up, if that was not done before; a session that ended is begun anew."""
        where = "/login" if self._account else "/signup"
        form = (await self._open(where)).form(where)
        if form is None:
            return  # who is logged in sees another page
        account = self._account or {
            "email": f"{self._name}-{secrets.token_hex(4)}@example.com",
            "password": secrets.token_urlsafe(12),
        }
        _, path = await self._send(form, **account)
        if path == where:
            raise Trouble(f"{where} did not let it in")
        self._account = account

    async def _open(self, path: str) -> Page:
        page, _ = await self._ask("GET", path)
        return page

    async def _send(self, form: Form, **said: str) -> tuple[Page, str]:
        return await self._ask("POST", form.action, {**form.fields, **said})

    async def _ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> tuple[Page, str]:
        """The page, and where that is in the end; then look at it for a moment."""
        began = self._clock.now()
        try:
            async with self._session.request(method, path, data=fields) as response:
                text, status, where = await response.text(), response.status, response.url.path
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Trouble(f"{method} {path}: {str(error) or type(error).__name__}") from None
        await self._clock.sleep(pause_s(self._rng.uniform(*_LOOKS_S), self._clock.now() - began))
        if status >= 400:
            raise Trouble(f"{method} {path} was answered by {status}")
        return Page(text), where


def session_of(shop: str) -> aiohttp.ClientSession:
    """A browser for one customer of *shop*; the cookies of an address are kept, too."""
    return aiohttp.ClientSession(
        shop,
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        timeout=aiohttp.ClientTimeout(total=_LIMIT_S),
        headers={hdrs.ACCEPT: "text/html"},  # who asks for anything gets what is for programs when something is wrong
    )


def _laptops(page: Page) -> list[str]:
    return [link for link in page.links if _LAPTOP.fullmatch(link)]
