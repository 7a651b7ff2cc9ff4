from __future__ import annotations

import itertools

import pytest
from multidict import CIMultiDict

from discovery.web import Problem
from services.gateway import headers
from services.gateway.side import Side

OURS = {
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Host": "shop.example",
    "X-Forwarded-Proto": "http",
    "Accept-Encoding": "identity",
}
FORGED = [
    *OURS,
    "X-Forwarded-Prefix",
    "X-Forwarded-Port",
    "X-Forwarded-Anything",
    "X-Real-IP",
    "Forwarded",
    "Via",
    "True-Client-IP",
    "X-Original-URL",
    "X-HTTP-Method-Override",
    "Mesh-Deadline-Ms",
    "Mesh-Nack",
    "Mesh-Priority",
    "Mesh-Retries",
    "Mesh-Whatever",
    "traceparent",
    "tracestate",
    "baggage",
    "Host",
]
# Every way to tell a careless proxy to drop a header.
NAMING = [
    "{}",
    "close, {}",
    "{}, close",
    " {} ",
    "\t{}\t",
    ",,{},,",
    "{},{}",
    "keep-alive,{}",
]
SPELLINGS = [str.lower, str.upper, str.title, lambda name: name.replace("-", "_"), lambda name: name]


def inward(*pairs: tuple[str, str], side: Side = Side.API) -> CIMultiDict[str]:
    return headers.inward(CIMultiDict(pairs), side, peer="192.0.2.1", scheme="http", host="shop.example")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("forged", FORGED)
def test_no_way_of_naming_or_spelling_a_header_passes_for_ours(forged: str, side: Side) -> None:
    for naming, spelled, named in itertools.product([None, *NAMING], SPELLINGS, SPELLINGS):
        pairs = [(spelled(forged), "evil"), (spelled(forged), "evil again")]
        if naming is not None:
            option = named(forged)
            pairs += [("Connection", naming.format(option, option)), ("connection", "close")]
        seen = inward(*pairs, side=side)
        assert {name: seen.getall(name) for name in OURS} == {name: [value] for name, value in OURS.items()}
        assert "evil" not in " ".join(seen.values())
        assert set(seen) == set(OURS)


@pytest.mark.parametrize(
    "hop", ["Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Upgrade"]
)
def test_what_belongs_to_one_connection_stays_on_it(hop: str) -> None:
    for side in Side:
        assert hop not in inward((hop, "x"), side=side)
        assert hop not in headers.outward(CIMultiDict({hop: "x"}), side)


def test_what_connection_names_stays_on_it() -> None:
    assert "X-Custom" not in inward(("X-Custom", "1"), ("Connection", "close, x-custom"))
    assert "ETag" not in headers.outward(CIMultiDict({"ETag": '"1"', "Connection": "etag"}), Side.API)
    assert "Cookie" not in inward(("Cookie", "a=b"), ("Connection", "cookie"), side=Side.SHOP)
    assert "Set-Cookie" not in headers.outward(
        CIMultiDict({"Set-Cookie": "a=b", "Connection": "set-cookie"}), Side.SHOP
    )


def test_the_rest_goes_in_as_it_is() -> None:
    seen = inward(
        ("Accept", "application/json"),
        ("Authorization", "Bearer x"),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "k"),
        ("If-None-Match", '"1"'),
        ("X-Custom", "one"),
        ("X-Custom", "two\tand more, é"),
    )

    assert seen.getall("X-Custom") == ["one", "two\tand more, é"]
    assert seen["Authorization"] == "Bearer x"
    assert seen["Idempotency-Key"] == "k"


@pytest.mark.parametrize("value", ["a\x00b", "a\x01", "a\r\nb: c", "\udcff", "\x7f"])
def test_a_value_that_is_not_text_is_refused(value: str) -> None:
    with pytest.raises(Problem) as refusal:
        inward(("X-Custom", value))

    assert refusal.value.status == 400


TOLD = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "ETag": '"1"',
    "Retry-After": "3",
    "Allow": "GET",
    "Vary": "Accept",
}
OF_PAGES = {
    "Set-Cookie": "session=1",
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
KEPT_BACK = {
    "Server": "nginx/1.0",
    "X-Powered-By": "magic",
    "Mesh-Instance": "ports-10.0.0.1-5001",
    "Mesh-Retries": "exhausted",
    "Via": "1.1 inside",
    "X-Forwarded-For": "10.0.0.1",
    "Content-Length": "7",
    "Transfer-Encoding": "chunked",
    "Location": "http://10.0.0.1/",
    "Refresh": "0; url=http://10.0.0.1/",
    "Link": "<http://10.0.0.1/>",
    "Alt-Svc": 'h2="10.0.0.1:1"',
    "Strict-Transport-Security": "max-age=1",
}


@pytest.mark.parametrize(("side", "told"), [(Side.API, TOLD), (Side.SHOP, TOLD | OF_PAGES)])
def test_only_what_is_on_the_list_of_its_side_goes_out(side: Side, told: dict[str, str]) -> None:
    assert dict(headers.outward(CIMultiDict(TOLD | OF_PAGES | KEPT_BACK), side)) == told


def test_cookies_are_between_the_browser_and_the_shop() -> None:
    sent = [("Cookie", "a=b"), ("cookie", "c=d")]
    assert inward(*sent, side=Side.SHOP).getall("Cookie") == ["a=b", "c=d"]
    assert "Cookie" not in inward(*sent, side=Side.API)

    set_twice = CIMultiDict([("Set-Cookie", "a=b; Secure"), ("Set-Cookie", "c=d")])
    assert headers.outward(set_twice, Side.SHOP).getall("Set-Cookie") == ["a=b; Secure", "c=d"]
    assert "Set-Cookie" not in headers.outward(set_twice, Side.API)
