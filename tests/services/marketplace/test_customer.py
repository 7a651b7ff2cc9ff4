from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from tests.services.marketplace.shop import opened


@pytest.mark.parametrize("path", ["/", "/laptops/7"])
async def test_a_new_visitor_gets_a_random_name_that_only_the_server_reads(path: str) -> None:
    names = set()
    async with opened() as shop:
        for _ in range(2):
            cookie = SimpleCookie((await shop(path)).answer.headers["Set-Cookie"])["customer"]
            names.add(cookie.value)
            assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/", "Lax", True)
            assert not cookie["secure"]
            assert not cookie["domain"]
        assert {request.query["customer"] for request in shop.recommendations.requests if request.query} == names

    assert len(names) == 2
    assert all(len(name) >= 20 for name in names)


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("HTTPS", True), ("http", False), ("x", False)])
async def test_the_cookie_of_a_visitor_by_https_stays_on_https(scheme: str, secure: bool) -> None:
    async with opened() as shop:
        page = await shop("/", headers={"X-Forwarded-Proto": scheme})

    assert bool(SimpleCookie(page.answer.headers["Set-Cookie"])["customer"]["secure"]) is secure


async def test_a_visitor_who_has_a_name_keeps_it() -> None:
    async with opened() as shop:
        page = await shop("/", headers={"Cookie": f"other=1; customer={'a-_9' * 16}"})

    given = page.answer.headers.getall("Set-Cookie", [])
    assert not any(cookie.startswith("customer=") for cookie in given)
    assert shop.recommendations.requests[0].query["customer"] == "a-_9" * 16


@pytest.mark.parametrize(
    "sent", ["", "a" * 65, '"><script>', "a/../b", "ä", "a&limit=99", "a%0d%0aX: y", '"quoted"x'], ids=str
)
async def test_a_name_that_we_never_gave_is_replaced(sent: str) -> None:
    async with opened() as shop:
        page = await shop("/laptops/7", headers={"Cookie": f"customer={sent}"})

    given = SimpleCookie(page.answer.headers["Set-Cookie"])["customer"].value
    (asked,) = [request for request in shop.recommendations.requests if request.method == "GET"]
    assert asked.query["customer"] == given != sent
    assert asked.query["limit"] == "4"
