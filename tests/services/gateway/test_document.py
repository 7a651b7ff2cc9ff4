"""What is taken over of a document, which is a stranger's word."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway import document
from services.gateway.document import Unsound, read
from tests.services.gateway.documents import CUSTOMER, STAFF, documented, raw, written


def needs(security: object, **more: Any) -> document.Demand | None:
    (operation,) = read(raw(written("GET /a", secure={"GET /a": {"security": security}}, **more))).operations
    return operation.needs


def test_an_operation_is_its_method_its_path_and_what_its_caller_brings() -> None:
    first, second = documented("GET /ports/{id}", "POST /ports", secure={"POST /ports": {"security": STAFF}}).operations

    assert (first.method, first.path, first.needs, first.inside) == ("GET", "/ports/{id}", None, False)
    assert (second.method, second.path, second.needs) == ("POST", "/ports", (frozenset({"staff"}),))


def test_of_several_ways_in_one_is_enough_and_of_one_way_all_its_scopes() -> None:
    ways = needs([{"bearer": ["staff", "customer"]}, {"bearer": ["root"]}])

    assert ways == (frozenset({"staff", "customer"}), frozenset({"root"}))


@pytest.mark.parametrize("security", [[], [{}], [{"bearer": ["staff"]}, {}]])
def test_where_one_way_in_asks_for_nothing_anybody_may(security: object) -> None:
    assert needs(security) is None


def test_what_is_said_of_all_operations_counts_where_one_says_nothing() -> None:
    for_all, own = documented("GET /a", "GET /b", secure={"GET /b": {"security": []}}, security=CUSTOMER).operations

    assert (for_all.needs, own.needs) == ((frozenset({"customer"}),), None)


@pytest.mark.parametrize("security", [[{"key": []}], [{"bearer": [], "key": []}], [{"unknown": []}]])
def test_a_way_in_that_cannot_be_checked_here_leads_nobody_in(security: object) -> None:
    assert needs(security) == ()


@pytest.mark.parametrize("said", [True, "yes", 1, {}])
def test_what_says_that_it_is_inside_is_not_led_to_however_it_says_so(said: object) -> None:
    (operation,) = documented("GET /a", secure={"GET /a": {"x-inside": said}}).operations

    assert operation.inside


def test_the_parameters_of_a_path_are_those_of_each_of_its_operations() -> None:
    item = {"parameters": [{"name": "id"}], "get": {"parameters": [{"name": "q"}]}}
    (operation,) = read(raw({"openapi": "3.1.0", "paths": {"/a/{id}": item}})).operations

    assert operation.said["parameters"] == [{"name": "id"}, {"name": "q"}]


def test_an_escape_of_a_whole_character_is_one() -> None:
    assert read(b'{"openapi": "3.1.0", "info": {"title": "\\ud83d\\ude00"}}').whole["info"] == {"title": "\U0001f600"}


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": value}
    return value


UNSOUND: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "page": b"<!doctype html>",
    "not utf-8": b'{"openapi": "3.1.0\xff"}',
    "half of a character": b'{"openapi": "3.1.0", "info": {"title": "\\ud83d"}}',
    "the other half": b'{"openapi": "3.1.0", "\\udE00": 1}',
    "a list": raw([]),
    "another kind": raw({"swagger": "2.0", "paths": {}}),
    "no version": raw({"paths": {}}),
    "given twice": b'{"openapi": "3.1.0", "paths": {}, "paths": {"/a": {"get": {}}}}',
    "too large": raw(written("GET /a", info="x" * document.MOST_BYTES)),
    "too deep": raw(written("GET /a", info=nested(70))),
    "far too deep": b'{"openapi": ' + b"[" * 100_000,
    "too many paths": raw(written(*[f"GET /a/{number}" for number in range(600)])),
    "paths in a list": raw(written() | {"paths": []}),
    "a path that is text": raw(written() | {"paths": {"/a": "get"}}),
    "an operation that is text": raw(written() | {"paths": {"/a": {"get": "x"}}}),
    "security in a word": raw(written("GET /a", secure={"GET /a": {"security": "bearer"}})),
    "a scope in a number": raw(written("GET /a", secure={"GET /a": {"security": [{"bearer": [1]}]}})),
    "a scope that would end a header": raw(
        written("GET /a", secure={"GET /a": {"security": [{"bearer": ['a"\r\nB:']}]}})
    ),
    "security that asks for nothing in a list": raw(written("GET /a", secure={"GET /a": {"security": [[]]}})),
    "parameters in a word": raw(written("GET /a", secure={"GET /a": {"parameters": "x"}})),
    "components in a list": raw(written("GET /a") | {"components": []}),
    "a reference out of it": raw(written("GET /a", info={"$ref": "http://evil.example/x"})),
    "a reference to a file": raw(written("GET /a", info={"$ref": "../secret"})),
    "a reference to its paths": raw(written("GET /a", info={"$ref": "#/paths/~1a"})),
    **{
        f"path {path!r}": raw(written() | {"paths": {path: {"get": {}}}})
        for path in (
            "",
            "/",
            "a",
            "//a",
            "/a/",
            "/a//b",
            "/a/../b",
            "/./a",
            "/a?b",
            "/a#b",
            "/a%2Fb",
            "/a b",
            "/a\\b",
            "/a\nb",
            "/ä",
            "/{a}",
            "/{a}/b",
            "/a/{b}{c}",
            "/a/{}",
            "/a/{b",
            "/a/b}",
            "/a/{b/c}",
            "/a" * 17,
            "/" + "a" * 200,
        )
    },
}


@pytest.mark.parametrize("name", UNSOUND)
def test_what_cannot_be_used_is_refused_as_a_whole(name: str) -> None:
    with pytest.raises(Unsound):
        read(UNSOUND[name])
