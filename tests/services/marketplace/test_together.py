"""The shop among its real neighbours, which leave one after the other while somebody browses."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import file_url
from services.marketplace.app import build
from tests.services.marketplace.shop import Page, read
from tests.services.support import build_laptops, build_ports, build_recommendations, enrolled, served


async def test_a_visitor_browses_while_one_service_after_the_other_leaves(
    registry: discovery.StaticRegistry, ports_url: URL, laptops_url: URL, tmp_path: Path
) -> None:
    looks_url = file_url(tmp_path / "looks.db")
    leave = {name: AsyncExitStack() for name in ("ports", "recommendations", "laptops")}
    async with leave["laptops"], leave["recommendations"], leave["ports"], AsyncExitStack() as stack:
        await leave["ports"].enter_async_context(served(build_ports(ports_url), "ports", registry))
        await leave["laptops"].enter_async_context(served(build_laptops(laptops_url), "laptops", registry))
        await enrolled(registry, "ports", "laptops")
        await leave["recommendations"].enter_async_context(
            served(build_recommendations(looks_url), "recommendations", registry)
        )
        await enrolled(registry, "recommendations")
        client = await stack.enter_async_context(served(build(file_url(tmp_path / "shop.db")), "marketplace", registry))

        async def visit(path: str) -> Page:
            page = read(await client("GET", path, cookies={"customer": "somebody"}))
            assert page.answer.status == 200
            return page

        assert "Lumen Book 12" in (await visit("/")).text
        whole = await visit("/laptops/6")
        assert "Right front USB-C USB-C, up to 100 W" in whole.text
        assert "Also worth a look" in whole.text
        assert "Customers who looked at" in whole.text

        await leave["ports"].aclose()
        page = await visit("/laptops/6")
        assert "The ports are away for the moment." in page.text
        assert "Customers who looked at" in page.text

        await leave["recommendations"].aclose()
        assert "Recommendations are away" in (await visit("/")).text

        await leave["laptops"].aclose()
        for path in ("/", "/laptops/6"):
            assert "The catalogue cannot be reached at the moment. This is what it said" in (await visit(path)).text
        assert "Retry" in (await visit("/laptops/1")).text
