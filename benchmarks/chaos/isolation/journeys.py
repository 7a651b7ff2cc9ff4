"""What people do in the shop, each by its pages, and what they see when something is wrong."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

import aiohttp

from discovery.clock import Clock
from launcher.customers import Form, Page, session_of

# Whoever sees nothing for longer goes away.
HANG_S = 2.0
_PASSWORD = "a long pass phrase of nobody's"  # noqa: S105 - of accounts that end with the run
_NOTICE = 'class="notice'
_HEADING = "<h1"
# What takes the place of the page that was asked for.
_INSTEAD = 'class="aside-page'
_LAPTOP = re.compile(r"/laptops/[0-9]+")


class Seen(IntEnum):
    """How a journey went, from the best to the worst."""

    WORKS = 0
    NOTICE = 1
    REFUSED = 2
    BROKEN = 3

    @property
    def words(self) -> str:
        """For people."""
        return ("works", "works, with a notice", "refused in words", "broken")[self]


@dataclass(slots=True)
class Journey:
    """What one was shown so far; ``wrong`` are the steps that nobody should see, in words."""

    seen: Seen = Seen.WORKS
    wrong: list[str] = field(default_factory=list)

    def sees(self, seen: Seen, step: str = "") -> None:
        """The worst counts."""
        self.seen = max(self.seen, seen)
        if step:
            self.wrong.append(step)


def judged(status: int, kind: str, text: str) -> Seen:
    """How a page is taken by who sees it: a refusal has to be a page that says something."""
    if status < 400 and _INSTEAD not in text:
        return Seen.NOTICE if _NOTICE in text else Seen.WORKS
    return Seen.REFUSED if kind == "text/html" and _HEADING in text else Seen.BROKEN


class Person:
    """Somebody with a browser of his own at *shop*, and an account that he has made there or not."""

    def __init__(self, shop: str, clock: Clock) -> None:
        self._shop = shop
        self._clock = clock
        self._laptop = "/laptops/1"
        self._account = {"email": f"{secrets.token_hex(6)}@example.com", "password": _PASSWORD}
        self.journey = Journey()

    async def __aenter__(self) -> Self:
        self._session = session_of(self._shop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def come_back(self) -> None:
        """With another browser, in which nobody is logged in."""
        await self._session.close()
        self._session = session_of(self._shop)

    async def open(self, path: str) -> Page | None:
        """The page at *path*; None where that is a refusal, or none at all."""
        return await self._ask("GET", path)

    async def send(self, form: Form | None, **said: str) -> Page | None:
        """What follows on *form*; None where there is no such form."""
        return None if form is None else await self._ask("POST", form.action, {**form.fields, **said})

    async def sign_up(self) -> None:
        """With an account of his own."""
        await self._by_form("/signup")

    async def log_in(self) -> None:
        """With the account that he has."""
        await self._by_form("/login")

    async def choose(self) -> None:
        """The first laptop of which there is one to be had: those before are sold by then."""
        front = await self.open("/")
        for path in front.links if front else ():
            if _LAPTOP.fullmatch(path) and (page := await self.open(path)) and page.form("/basket"):
                self._laptop = path
                return

    async def fill_basket(self) -> None:
        """Put a laptop into it, from its page."""
        page = await self.open(self._laptop)
        taking = page.form("/basket") if page else None
        if page and not taking:
            self.journey.sees(Seen.REFUSED)  # the page says why it cannot be had
        await self.send(taking)

    async def order(self) -> None:
        """What is in the basket."""
        page = await self.open("/checkout")
        paying = page.form("/checkout") if page else None
        if page and not paying:
            self.journey.sees(Seen.REFUSED)
        await self.send(paying, card="ok")

    async def _by_form(self, path: str) -> None:
        page = await self.open(path)
        await self.send(page.form(path) if page else None, **self._account)

    async def _ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Page | None:
        began, step = self._clock.now(), f"{method} {path}"
        try:
            async with self._session.request(method, path, data=fields) as response:
                text, status, kind = await response.text(), response.status, response.content_type
        except (aiohttp.ClientError, TimeoutError) as error:
            self.journey.sees(Seen.BROKEN, f"{step}: {str(error) or type(error).__name__}")
            return None
        took_s, seen = self._clock.now() - began, judged(status, kind, text)
        self.journey.sees(seen, f"{step}: {status} without words" if seen is Seen.BROKEN else "")
        if took_s > HANG_S:
            self.journey.sees(Seen.BROKEN, f"{step}: {took_s:.1f} s")
        return Page(text) if status < 400 else None


async def prepared(person: Person) -> None:
    """All is well: he has an account, a full basket, and an order of before."""
    await person.choose()
    await person.sign_up()
    await person.fill_basket()
    await person.order()
    await person.fill_basket()


JOURNEYS: Mapping[str, Callable[[Person], Awaitable[object]]] = {
    "browse": lambda person: person.open("/"),
    "search": lambda person: person.open("/?q=usb-c"),
    "laptop page": lambda person: person.open("/laptops/1"),
    "sign-up": Person.sign_up,  # by somebody new
    "login": Person.log_in,
    "basket": Person.fill_basket,
    "order": Person.order,
    "my orders": lambda person: person.open("/orders"),
    "notifications": lambda person: person.open("/notifications"),
}

# Those that somebody goes on who was here before.
KNOWN = ("login", "basket", "order", "my orders", "notifications")
