"""Raw requests that are out to be read in two ways: none reaches a service but in its sanitised form."""

from __future__ import annotations

from collections import Counter

import pytest

import discovery
from benchmarks.gateway import corpus
from services.gateway.edge.proxies import parse_proxies
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.doors import build
from tests.services.support import instance, served


@pytest.mark.parametrize("proxies", ["192.0.2.1", "127.0.0.0/8"], ids=["from anybody", "from a trusted proxy"])
async def test_what_reaches_a_service_is_sanitised(registry: discovery.StaticRegistry, proxies: str) -> None:
    edge = EdgeSettings(rate=None, user_rate=None, proxies=parse_proxies(proxies))
    wrong: dict[str, str] = {}
    async with corpus.Upstream().serving() as upstream:
        for service in (corpus.SERVICE, "marketplace"):
            registry.replace(service, [instance(service, upstream.port)])
        async with served(build(edge), "gateway", registry, edge=True) as client:
            for case in corpus.cases():
                answer = await client.raw(case.sent)
                found = corpus.judge(case, answer, upstream.take(), host=f"127.0.0.1:{upstream.port}")
                if found:
                    wrong[f"{case.family}: {case.name}"] = found
    assert wrong == {}


def test_each_case_has_a_name_of_its_own() -> None:
    names = Counter((case.family, case.name) for case in corpus.cases())
    assert len(names) >= 200
    assert names.most_common(1)[0][1] == 1


async def test_a_gateway_that_lets_things_through_is_found_out() -> None:
    host = "127.0.0.1:1"
    ours = b"Host: 127.0.0.1:1\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: gw\r\n"
    sane = b"GET /echo/x HTTP/1.1\r\n" + ours + b"\r\n"
    plain = next(case for case in corpus.cases() if case.name == "one")
    refused = next(case for case in corpus.cases() if case.refused)
    assert corpus.judge(plain, b"", [sane], host=host) == ""
    for taken in (
        sane.replace(b"Host: gw", b"Host: other"),
        sane.replace(b"For: 127.0.0.1", b"For: evil"),
        sane.replace(b"/echo/x", b"/echo/y"),
        sane.replace(b"\r\n\r\n", b"\r\nX-A: evil\r\n\r\n"),
        sane.replace(b"\r\n\r\n", b"\r\nX_A: a\r\n\r\n"),
        sane.replace(b"\r\n\r\n", b"\r\nX-A: a\n b\r\n\r\n"),
        sane.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
        sane.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        sane.replace(ours, b""),
        sane.replace(ours, ours * 2),
    ):
        assert corpus.judge(plain, b"", [taken], host=host), taken
    prefixed = sane.replace(b"\r\n\r\n", b"\r\nX-Forwarded-Prefix: /api\r\n\r\n")
    assert corpus.judge(plain, b"", [prefixed], host=host)
    assert corpus.judge(plain, b"", [prefixed], host=host, also={"x-forwarded-prefix": "/api"}) == ""
    assert corpus.judge(plain, b"", [prefixed], host=host, also={"x-forwarded-prefix": "/x"})
    assert corpus.judge(plain, b"", [], host=host)
    assert corpus.judge(plain, b"", [sane, sane], host=host)
    assert corpus.judge(plain, b"HTTP/1.1 500 Oh\r\n\r\n", [], host=host)
    assert corpus.judge(refused, b"", [sane], host=host)
