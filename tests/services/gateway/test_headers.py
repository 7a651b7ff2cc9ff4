from __future__ import annotations

import itertools

import pytest
from multidict import CIMultiDict

from services.gateway import headers
from services.kit.problem import Problem

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
    "Mesh-Deadline-Ms",
    "Mesh-Nack",
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


def inward(*pairs: tuple[str, str]) -> CIMultiDict[str]:
    return headers.inward(CIMultiDict(pairs), peer="192.0.2.1", scheme="http", host="shop.example")


@pytest.mark.parametrize("forged", FORGED)
def test_no_way_of_naming_or_spelling_a_header_passes_for_ours(forged: str) -> None:
    for naming, spelled, named in itertools.product([None, *NAMING], SPELLINGS, SPELLINGS):
        pairs = [(spelled(forged), "evil"), (spelled(forged), "evil again")]
        if naming is not None:
            option = named(forged)
            pairs += [("Connection", naming.format(option, option)), ("connection", "close")]
        seen = inward(*pairs)
        assert {name: seen.getall(name) for name in OURS} == {name: [value] for name, value in OURS.items()}
        assert "evil" not in " ".join(seen.values())
        assert set(seen) == set(OURS)


@pytest.mark.parametrize(
    "hop", ["Connection", "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Upgrade"]
)
def test_what_belongs_to_one_connection_stays_on_it(hop: str) -> None:
    assert hop not in inward((hop, "x"))
    assert hop not in headers.outward(CIMultiDict({hop: "x"}))


def test_what_connection_names_stays_on_it() -> None:
    assert "X-Custom" not in inward(("X-Custom", "1"), ("Connection", "close, x-custom"))
    assert "ETag" not in headers.outward(CIMultiDict({"ETag": '"1"', "Connection": "etag"}))


def test_the_rest_goes_in_as_it_is() -> None:
    seen = inward(
        ("Accept", "application/json"),
        ("Authorization", "Bearer x"),
        ("Content-Type", "application/json"),
        ("Cookie", "a=b"),
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


def test_only_what_is_on_the_list_goes_out() -> None:
    told = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "ETag": '"1"',
        "Retry-After": "3",
        "Allow": "GET",
        "Vary": "Accept",
    }
    kept_back = {
        "Server": "nginx/1.0",
        "X-Powered-By": "magic",
        "Set-Cookie": "session=1",
        "Mesh-Instance": "ports-10.0.0.1-5001",
        "Mesh-Retries": "exhausted",
        "Via": "1.1 inside",
        "X-Forwarded-For": "10.0.0.1",
        "Content-Length": "7",
        "Transfer-Encoding": "chunked",
        "Location": "http://10.0.0.1/",
        "Link": "<http://10.0.0.1/>",
        "Alt-Svc": 'h2="10.0.0.1:1"',
    }

    assert dict(headers.outward(CIMultiDict(told | kept_back))) == told
