from __future__ import annotations

import re

import jinja2
import pytest
from sqlalchemy.engine import URL

import discovery
from services.gateway.page import Pages
from services.kit.problems import KINDS
from tests.services.gateway.documents import STAFF, Talking, talking, written
from tests.services.gateway.doors import build
from tests.services.support import Echo, behind, build_laptops, build_ports, enrolled, served

BROWSER = {"Accept": "text/html,*/*"}


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
            assert (await client("GET", "/api/")).json == index.json
            tries = [path for entry in index.json["services"] for path in entry["try"]]
            assert {"/api/laptops", "/api/ports"} <= set(tries)
            for path in [*tries, index.json["health"], index.json["openapi"]]:
                assert (await client("GET", path)).status == 200

            added = await client("POST", "/api/ports", json={"name": "Left HDMI", "laptop": 2})
            assert added.status == 201
            assert (await client("GET", added.headers["Location"])).json == added.json
            laptop = await client("GET", "/api/laptops/2")
            assert [port["name"] for port in laptop.json["ports"]][-1] == "Left HDMI"
            following = await client("GET", "/api/ports?limit=20")
            assert following.headers["Link"] == '</api/ports?limit=20&after=21>; rel="next"'


def test_a_page_is_written_anew_only_for_other_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[object] = []
    render = jinja2.Template.render

    def counting(template: jinja2.Template, facts: object) -> str:
        written.append(facts)
        return render(template, facts)

    monkeypatch.setattr(jinja2.Template, "render", counting)
    pages, (one, other, *_) = Pages(), KINDS.values()
    shown = [pages.kept("problem.html", kind=kind).text for kind in (one, one, other, other, one)]

    assert len(written) == 3
    assert (shown[0], shown[2]) == (shown[1], shown[3])
    assert shown[0] == shown[4] != shown[2]


async def test_whatever_the_page_names_is_there(registry: discovery.StaticRegistry) -> None:
    async with (
        behind(registry, "echo", Echo()),
        talking(registry, "ports", v1=Talking(written("GET /ports"))),
        served(build(), "gateway", registry) as client,
    ):
        page = await client("GET", "/api", headers=BROWSER)
        links = set(re.findall(r'(?:href|src)="([^"]+)"', page.text)) - {"/"}
        for link in links:
            if link.startswith("#"):
                assert f'id="{link[1:]}"' in page.text
            else:
                assert (await client("GET", link)).status == 200

    assert (page.status, page.headers["Vary"]) == (200, "Accept, Accept-Encoding")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert {"/api/echo", "/openapi.json", "#service-ports"} <= links


async def test_the_page_says_who_is_away_who_said_nothing_and_what_was_refused(
    registry: discovery.StaticRegistry,
) -> None:
    live = discovery.LiveSettings(timeout_s=0.5, attempt_timeout_s=0.2)
    wanting = Talking(written("GET /ports", "GET /health"))
    async with (
        talking(registry, "laptops", v1=Talking(b"what?")),
        talking(registry, "ports", v1=wanting),
        served(build(), "gateway", registry, live=live) as client,
    ):
        page = await client("GET", "/api", headers=BROWSER)
        assert "laptops is there, and has not said yet" in page.text
        assert "ports wants the prefix /health" in page.text
        registry.replace("ports", [])
        while "Away at the moment, and shown as it was: ports" not in page.text:
            page = await client("GET", "/api", headers=BROWSER)
        assert "/api/ports" in page.text


@pytest.mark.parametrize("path", ["/openapi.json", "/api/openapi.json"])
async def test_the_document_of_all_is_read_once_and_again_when_it_has_changed(
    registry: discovery.StaticRegistry, path: str
) -> None:
    async with (
        talking(registry, "ports", v1=Talking(written("GET /ports"))) as before,
        served(build(), "gateway", registry) as client,
    ):
        first = await client("GET", path)
        assert list(first.json["paths"]) == ["/ports"]
        tag = {"If-None-Match": first.headers["ETag"]}
        assert (await client("GET", path, headers=tag)).status == 304
        assert (await client("GET", path)).text == first.text
        new = Talking(written("GET /ports", "POST /ports", secure={"POST /ports": {"security": STAFF}}))
        async with talking(registry, "ports", v2=new):
            while (second := await client("GET", path, headers=tag)).status == 304:
                pass
        registry.replace("ports", before)

    assert second.json["paths"]["/ports"]["post"]["security"] == [{"bearer": ["staff"]}]


async def test_no_file_beside_those_of_the_pages_is_served(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry) as client:
        assert (await client("GET", "/api/static/api.js")).headers["Content-Type"].startswith("text/javascript")
        for name in ("api.html", "nothing", "..%2fapp.py", "x/api.js"):
            assert (await client("GET", f"/api/static/{name}")).status in {400, 404}
