"""What laptops expects of ports."""

from __future__ import annotations

from sqlalchemy.engine import URL

import discovery
from tests.services.contract import Callee, Exchange
from tests.services.support import behind, build_laptops, served

ROW = {"id": 8, "name": "Rear barrel", "laptop": 3, "connector": "barrel", "watts": 330}


async def test_the_ports_of_a_laptop_are_a_list_that_says_when_there_are_more(
    laptops_url: URL, registry: discovery.StaticRegistry
) -> None:
    ports = Callee(
        *("laptops", "ports"),
        Exchange("the ports of a laptop", "GET", "/ports?laptop=3", 200, [ROW]),
        Exchange("of one without any", "GET", "/ports?laptop=999", 200, []),
    )
    async with behind(registry, "ports", ports), served(build_laptops(laptops_url), "laptops", registry) as laptops:
        fitted = await laptops("GET", "/laptops/3")
        await laptops("POST", "/laptops", json={"id": 999, "title": "Tarn Bare", "model": "TB"})
        bare = await laptops("GET", "/laptops/999")

    assert (fitted.json["ports"], fitted.json["notice"]) == ([ROW], None)
    assert bare.json["ports"] == []
    ports.check()
