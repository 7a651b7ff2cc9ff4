"""Whatever a stranger asks for, the answer is a page of the shop, and no 5xx."""

from __future__ import annotations

import pytest

from services.marketplace.catalogue import Catalogue
from tests.services.marketplace.shop import opened, read

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


SENSELESS = [
    ("/?q=" + "x" * 121, "q"),
    ("/?q=a%00b", "q"),
    ("/?q=a%0Ab", "q"),
    ("/?q=%E2%80%AE", "q"),
    ("/?after=x", "after"),
    ("/?after=-1", "after"),
    ("/?after=1.5", "after"),
    ("/?after=" + "9" * 19, "after"),
    ("/?after=%D9%A1", "after"),
    ("/?after=", "after"),
    ("/?after=1&after=2", "after"),
    ("/?after=1-2-3", "after"),
    ("/?after=1-x", "after"),
    ("/?port=usb-d", "port"),
    ("/?watts=0", "watts"),
    ("/?watts=-5", "watts"),
    ("/?min=1.5", "min"),
    ("/?max=0", "max"),
    ("/?max=1000001", "max"),
    ("/?screen=vast", "screen"),
    ("/?stock=2", "stock"),
    ("/?sort=title", "sort"),
    ("/?after=9&trail=x", "trail"),
    ("/?after=9&trail=1..2", "trail"),
    ("/?after=9&trail=" + ".".join("1" * 33), "trail"),
]
NOWHERE = [
    "/laptops",
    "/laptops/",
    "/laptops/0",
    "/laptops/-1",
    "/laptops/007",
    "/laptops/1e3",
    "/laptops/" + "9" * 19,
    "/laptops/7/ports",
    "/laptops/%3Cscript%3E",
    "/laptops/..%2f..%2fetc%2fpasswd",
    "/nothing",
    "/basket/0",
    "/orders/x",
    "/orders/1/live/2",
    "/<script>alert(1)</script>",
    "//evil.example/",
    "/static/",
    "/static/nothing.css",
    "/static/..%2fapp.py",
    "/%00",
    "/%ff%fe",
    "/" + "a" * 6000,
]


async def test_a_query_that_makes_no_sense_is_told_as_a_page() -> None:
    async with opened() as shop:
        for path, named in SENSELESS:
            page = await shop(path)
            assert page.answer.status == 400, path
            assert "400 Bad Request" in page.text
            assert any(code in page.answer.text for code in (f"<code>{named}</code>", f"<code>{named}.")), path
        assert shop.laptops.asked == []


async def test_what_is_not_there_is_told_as_a_page() -> None:
    async with opened() as shop:
        for path in NOWHERE:
            page = await shop(path)
            assert page.answer.status == 404, path
            assert "404 Not Found" in page.text
            assert "evil" not in page.answer.text
        assert shop.laptops.asked == []


@pytest.mark.parametrize("query", ["?q=%FF%FE", "?q=%", "?%00=1", "?&&&=", "?q=" + "%F0%9F%92%BB" * 120])
async def test_a_query_that_is_merely_odd_is_read_as_text(query: str) -> None:
    async with opened() as shop:
        page = await shop(f"/{query}")

    assert page.answer.status == 200


@pytest.mark.parametrize("path", ["/", "/laptops/7", "/static/shop.css"])
async def test_pages_can_only_be_read(path: str) -> None:
    async with opened() as shop:
        for method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
            page = read(await shop.client(method, path, data=b"x" * 100))
            assert (page.answer.status, page.answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
        options = await shop.client("OPTIONS", path)
        assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
        head = await shop.client("HEAD", path)
        assert (head.status, head.text) == (200, "")


@pytest.mark.parametrize("path", ["/", "/laptops/7", "/static/shop.css", "/nothing", "/health/live"])
async def test_every_answer_forbids_what_the_shop_does_not_need(path: str) -> None:
    async with opened() as shop:
        answer = await shop.client("GET", path)

    assert {name: answer.headers[name] for name in SECURITY} == SECURITY


async def test_a_mistake_of_ours_is_told_as_a_page_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def mistaken(*_: object) -> None:
        raise RuntimeError("planted s3cret")

    monkeypatch.setattr(Catalogue, "listing", mistaken)
    async with opened() as shop:
        page = await shop("/")

    assert page.answer.status == 500
    assert "That was our mistake, not yours." in page.text
    assert "s3cret" not in page.answer.text
    assert "planted s3cret" in caplog.text
