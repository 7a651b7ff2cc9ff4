from __future__ import annotations

import pytest

import discovery
from services.kit.problems import KINDS
from tests.services.gateway.doors import build
from tests.services.support import served


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_the_type_of_a_problem_leads_to_what_to_do(registry: discovery.StaticRegistry, kind: object) -> None:
    (it,) = [each for each in KINDS.values() if each is kind]
    async with served(build(), "gateway", registry) as client:
        program = await client("GET", it.type)
        browser = await client("GET", it.type, headers={"Accept": "text/html"})

    assert program.json["remedy"] == it.remedy
    assert (program.json["type"], program.json["status"]) == (it.type, it.status)
    assert f"<h1>{it.title}</h1>" in browser.text
    assert (browser.status, browser.headers["Vary"]) == (200, "Accept, Accept-Encoding")


@pytest.mark.parametrize("path", ["/problems/none", "/problems/<script>", "/problems", "/problems/", "/problems/a/b"])
async def test_another_one_is_nowhere_and_never_the_shop_s(registry: discovery.StaticRegistry, path: str) -> None:
    async with served(build(), "gateway", registry) as client:
        assert (await client("GET", path)).status in {400, 404}
