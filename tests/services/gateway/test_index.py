from __future__ import annotations

import re

from sqlalchemy.engine import URL

import discovery
from tests.services.gateway.doors import build
from tests.services.support import build_laptops, build_ports, enrolled, served


async def test_everything_that_the_index_lists_works(
    registry: discovery.StaticRegistry, ports_url: URL, laptops_url: URL
) -> None:
    async with (
        served(build_ports(ports_url), "ports", registry),
        served(build_laptops(laptops_url), "laptops", registry),
    ):
        await enrolled(registry, "ports", "laptops")
        async with served(build(), "gateway", registry) as client:
            index = await client("GET", "/api")
            assert [entry["service"] for entry in index.json["services"]] == ["laptops", "ports"]
            page = await client("GET", "/api", headers={"Accept": "text/html,*/*"})
            assert page.headers["Content-Type"].startswith("text/html")
            *links, shop = re.findall(r'href="([^"]+)"', page.text)
            assert links == [path for entry in index.json["services"] for path in entry["try"]]
            assert shop == "/"
            assert (await client("GET", "/api/")).json == index.json
            for path in [*links, index.json["health"]]:
                assert (await client("GET", path)).status == 200

            added = await client("POST", "/api/ports", json={"name": "Left HDMI", "laptop": 2})
            assert added.status == 201
            assert (await client("GET", added.headers["Location"])).json == added.json
            laptop = await client("GET", "/api/laptops/2")
            assert [port["name"] for port in laptop.json["ports"]][-1] == "Left HDMI"
            following = await client("GET", "/api/ports?limit=20")
            assert following.headers["Link"] == '</api/ports?limit=20&after=21>; rel="next"'
