"""The page in the place of Consul's web interface."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest

from discovery.devagent import Devagent


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with Devagent() as agent, aiohttp.ClientSession(agent.url) as opened:
        yield opened


class Page(HTMLParser):
    """The tags of a page, and the cells of its table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and data.strip():
            self.cells[-1] += data


async def shown(session: aiohttp.ClientSession) -> tuple[str, Page]:
    async with session.get("/ui/") as response:
        text = await response.text()
        return text, Page(text)


async def register(session: aiohttp.ClientSession, **fields: Any) -> None:
    async with session.put("/v1/agent/service/register", json=fields) as response:
        assert response.status == 200, await response.text()


async def test_it_says_what_it_is_and_how_to_get_the_real_one(session: aiohttp.ClientSession) -> None:
    text, _ = await shown(session)
    assert "This is not Consul." in text
    assert "for development and tests" in text
    assert "consul agent -dev" in text


async def test_it_shows_who_is_registered_with_his_health(session: aiohttp.ClientSession) -> None:
    check = {"TTL": "1h", "Status": "warning"}
    await register(session, ID="ports-1", Name="ports", Address="127.0.0.1", Port=5001, Tags=["blue"], Check=check)
    await register(session, ID="ports-2", Name="ports", Address="::1", Port=5002)
    _, page = await shown(session)
    assert page.cells[5:] == [
        *("ports", "ports-1", "127.0.0.1:5001", "blue", "warning"),
        *("ports", "ports-2", "[::1]:5002", "", "passing"),
    ]


async def test_names_cannot_break_out(session: aiohttp.ClientSession) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    check = {"TTL": "1h", "Notes": evil, "Name": evil}
    await register(session, ID=evil, Name=evil, Address=evil, Port=1, Tags=[evil], Check=check)
    _, page = await shown(session)
    assert not page.tags & {"script", "img"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.cells.count(evil) == 3


async def test_nothing_but_its_own_style_may_run(session: aiohttp.ClientSession) -> None:
    async with session.get("/ui/anything") as response:
        text, policy = await response.text(), response.headers["Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "style=" not in text
    assert response.headers["X-Content-Type-Options"] == "nosniff"
