"""The same bad bodies on every route that reads JSON: always a 4xx, always a problem document, never an echo."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy.engine import URL

from tests.services.catalogue import SERVICES
from tests.services.support import build, served

JSON = {"Content-Type": "application/json"}
MARK = "c4nary"

GOOD: Mapping[str, dict[str, Any]] = {
    "ports": {"name": "Left HDMI", "laptop": 77},
    "laptops": {"title": "Tarn Light 12", "model": "TL12"},
}
REQUIRED = {"ports": ["name"], "laptops": ["title", "model"]}
ROUTES = [
    ("ports", "POST", "/ports"),
    ("ports", "POST", "/port"),
    ("ports", "PUT", "/ports/1"),
    ("ports", "PUT", "/port/1"),
    ("laptops", "POST", "/laptops"),
    ("laptops", "PUT", "/laptops/1"),
]
FOR_PEERS = [
    ("orders", "POST", "/orders"),
    ("payments", "PUT", "/charges/order-7"),
    ("payments", "PUT", "/charges/order-7/refunds/back"),
]

# Body and headers by what is wrong, whatever the route asks for.
BAD: Mapping[str, tuple[int, bytes, Mapping[str, str]]] = {
    "no content type": (415, b"{}", {}),
    "text": (415, b"{}", {"Content-Type": "text/plain"}),
    "a form": (415, b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}),
    "multipart": (415, b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
    "JSON by another name": (415, b"{}", {"Content-Type": "text/json"}),
    "no type at all": (415, b"{}", {"Content-Type": ";;;"}),
    "a type of odd bytes": (415, b"{}", {"Content-Type": "application/jsön"}),
    "an unknown charset": (400, b"{}", {"Content-Type": f"application/json; charset={MARK}"}),
    "UTF-16 announced": (400, "{}".encode("utf-16"), {"Content-Type": "application/json; charset=utf-16"}),
    "UTF-16": (400, "{}".encode("utf-16"), JSON),
    "UTF-8 with a mark": (400, b"\xef\xbb\xbf{}", JSON),
    "invalid UTF-8": (400, b'{"name": "\xff\xfe"}', JSON),
    "nothing": (400, b"", JSON),
    "a space": (400, b" ", JSON),
    "half an object": (400, b'{"name": "' + MARK.encode(), JSON),
    "text for JSON": (400, MARK.encode(), JSON),
    "two objects": (400, b"{}{}", JSON),
    "deep lists": (400, b"[" * 60_000, JSON),
    "deep objects": (400, b'{"a":' * 12_000, JSON),
    "an integer of 5,000 digits": (400, b'{"laptop": ' + b"9" * 5_000 + b"}", JSON),
    "NaN": (400, b'{"laptop": NaN}', JSON),
    "infinity": (400, b'{"laptop": -Infinity}', JSON),
    "a float beyond all": (400, b'{"laptop": 1e400}', JSON),
    "a key twice": (400, b'{"name": "a", "name": "b"}', JSON),
    "a raw newline in a string": (400, b'{"name": "a\nb"}', JSON),
    "a comment": (400, b"/* */ {}", JSON),
    "broken gzip": (400, b"not gzip", JSON | {"Content-Encoding": "gzip"}),
    "a coding unknown here": (415, b"{}", JSON | {"Content-Encoding": MARK}),
    "two codings": (415, gzip.compress(gzip.compress(b"{}")), JSON | {"Content-Encoding": "gzip, gzip"}),
    "a gzip bomb": (413, gzip.compress(b" " * 5_000_000), JSON | {"Content-Encoding": "gzip"}),
    "too much": (413, b" " * (64 * 1024 + 1), JSON),
    "a list": (422, b"[]", JSON),
    "a string": (422, f'"{MARK}"'.encode(), JSON),
    "a number": (422, b"17", JSON),
    "null": (422, b"null", JSON),
    "an empty object": (422, b"{}", JSON),
    "unknown fields only": (422, json.dumps({MARK * 20: 1}).encode(), JSON),
    "1,000 unknown fields": (422, json.dumps({f"f{n}": n for n in range(1000)}).encode(), JSON),
}

# One member that is wrong, in a body that is right but for it.
WRONG: Mapping[str, list[tuple[str, Any]]] = {
    "ports": [
        ("name", None),
        ("name", 7),
        ("name", ""),
        ("name", "   "),
        ("name", ["a"]),
        ("name", {MARK: 1}),
        ("name", MARK + "x" * 200),
        ("name", f"{MARK}\u0000"),
        ("name", f"a\n{MARK}"),
        ("name", "\ud800"),
        ("name", "a\u2028b"),
        ("laptop", "1"),
        ("laptop", 1.0),
        ("laptop", 0),
        ("laptop", -1),
        ("laptop", True),
        ("laptop", 2**63),
        ("laptop", [1]),
        ("connector", MARK),
        ("connector", 1),
        ("watts", 0),
        ("watts", 401),
        ("watts", "65"),
        ("id", 0),
        ("id", 10**9 + 1),
        ("id", "1"),
        ("colour", MARK),
        (f"<b>{MARK}", 1),
        ("__class__", MARK),
        ("\ud800", 1),
    ],
    "laptops": [
        ("title", None),
        ("title", 7),
        ("title", ""),
        ("title", "x" * 121),
        ("title", f"{MARK}\u202e\u0007"),
        ("model", None),
        ("model", {}),
        ("model", "\udfff"),
        ("stock", -1),
        ("stock", None),
        ("stock", "7"),
        ("stock", 7.0),
        ("stock", False),
        ("stock", 10**12),
        ("price_cents", 0),
        ("price_cents", 999.99),
        ("price_cents", "999.99"),
        ("price_cents", 2**70 // 10**3),
        ("currency", None),
        ("currency", "eur"),
        ("currency", MARK),
        ("currency", ["EUR"]),
        ("ports", []),
        ("price", 999),
        ("id", -5),
        ("id", 2**64 // 10**3),
    ],
}


def application(service: str, url: URL) -> web.Application:
    return build(SERVICES[service], url)


@pytest.mark.parametrize(("service", "method", "path"), ROUTES + FOR_PEERS)
async def test_bad_bodies_are_refused(service: str, method: str, path: str, ports_url: URL) -> None:
    wrong: dict[str, object] = {}
    async with served(application(service, ports_url), service) as client:
        for what, (status, body, headers) in BAD.items():
            answer = await client(method, path, data=body, headers=headers, skip_auto_headers=["Content-Type"])
            echoed = MARK in answer.text and MARK not in "".join(answer.fields)
            if answer.status != status or echoed or len(answer.text) > 3000:
                wrong[what] = (answer.status, answer.text)
            assert isinstance(answer.fields, list)
        assert (await client("GET", "/health/ready")).status == 200

    assert wrong == {}


@pytest.mark.parametrize(("service", "method", "path"), ROUTES)
async def test_a_wrong_member_is_named(service: str, method: str, path: str, ports_url: URL) -> None:
    wrong: dict[str, object] = {}
    async with served(application(service, ports_url), service) as client:
        before = await client("GET", f"/{service}?limit=100")
        for member, value in WRONG[service]:
            body = json.dumps(GOOD[service] | {member: value}).encode()
            answer = await client(method, path, data=body, headers=JSON)
            named = [field.partition(".")[0] for field in answer.fields]
            # A name that is no text at all cannot be named.
            shown = member.replace("<", "?").replace(">", "?").replace("\ud800", "")
            echoed = MARK in answer.text.replace(shown or "none", "")
            if answer.status != 422 or shown not in named or echoed:
                wrong[f"{member!r}: {value!r}"] = (answer.status, answer.text)
        assert (await client("GET", f"/{service}?limit=100")).json == before.json, "nothing was changed"

    assert wrong == {}


@pytest.mark.parametrize("service", GOOD)
async def test_a_body_without_a_required_member_is_refused(service: str, ports_url: URL) -> None:
    async with served(application(service, ports_url), service) as client:
        for member in REQUIRED[service]:
            body = {name: value for name, value in GOOD[service].items() if name != member}
            answer = await client("POST", f"/{service}", json=body)
            assert (answer.status, answer.fields) == (422, [member])


@pytest.mark.parametrize("service", GOOD)
async def test_a_good_body_is_taken_in_every_spelling(service: str, ports_url: URL) -> None:
    text = json.dumps(GOOD[service])
    async with served(application(service, ports_url), service) as client:
        for headers, body in [
            (JSON, text.encode()),
            ({"Content-Type": "Application/JSON; Charset=UTF-8"}, text.encode()),
            (JSON | {"Content-Encoding": "gzip"}, gzip.compress(text.encode())),
        ]:
            added = await client("POST", f"/{service}", data=body, headers=headers)
            assert added.status == 201
            await client("DELETE", added.headers["Location"])
