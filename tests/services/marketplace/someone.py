"""Somebody with a browser: keeps cookies, sends the forms of the pages that he sees, and goes where he is sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from tests.services.marketplace.shop import Page, read
from tests.services.support import Answer, Client

EMAIL, PASSWORD = "ada@example.org", "correct horse"


@dataclass
class Someone:
    """``await someone.open("/login")``, then ``await someone.send("/login", email=…)`` from that page."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    page: Page | None = None

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        """One request, and what it leaves in the jar."""
        jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        headers = {**jar, **self.headers, **options.pop("headers", {})}
        answer = await self.client(method, path, headers=headers, **options)
        for said in answer.headers.getall("Set-Cookie", []):
            for name, morsel in SimpleCookie(said).items():
                self.cookies[name] = morsel.value
        return answer

    async def open(self, path: str) -> Page:
        """Open a page, wherever it turns out to be."""
        answer = await self.ask("GET", path)
        while answer.status == 303:
            answer = await self.ask("GET", answer.headers["Location"])
        self.page = read(answer)
        return self.page

    async def post(self, action: str, **fields: str) -> Answer:
        """Send a form of the page that is open, as it stands but for *fields*."""
        assert self.page is not None, "no page is open"
        origin = {"Origin": f"http://{self.client.address}"}
        return await self.ask("POST", action, data={**self.page.forms[action], **fields}, headers=origin)

    async def send(self, action: str, **fields: str) -> Page:
        """The same, and open the page that follows."""
        answer = await self.post(action, **fields)
        if answer.status == 303:
            return await self.open(answer.headers["Location"])
        self.page = read(answer)
        return self.page

    async def sign_up(self, email: str = EMAIL, password: str = PASSWORD) -> Page:
        """Become somebody who is logged in."""
        await self.open("/signup")
        return await self.send("/signup", email=email, password=password)

    async def log_in(self, email: str = EMAIL, password: str = PASSWORD) -> Page:
        """The same, with an account that is there."""
        await self.open("/login")
        return await self.send("/login", email=email, password=password)
