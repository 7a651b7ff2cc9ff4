"""One document of all services."""

from __future__ import annotations

import json
from typing import Any

from services.gateway.document import Document, read
from services.gateway.merged import merge
from services.gateway.sheet import sheet
from services.gateway.table import Table
from tests.browser.hostile import LONG, NAMES
from tests.services.gateway.documents import CUSTOMER, STAFF, documented, raw, written


def merged(**documents: Document | None) -> dict[str, Any]:
    known = {name: None if it is None else it.operations for name, it in documents.items()}
    return merge(Table(tuple(documents), known), documents)


def referring(name: str, fields: object) -> Document:
    """A document whose one operation brings a component that is called *name*."""
    answer = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
    whole = written("GET /laptops", "GET /ports", secure={"GET /ports": {"responses": {"200": answer}}})
    whole["components"]["schemas"] = {name: fields, "Unused": {}}
    return read(raw(whole))


def test_each_path_is_that_of_the_service_that_has_it() -> None:
    document = merged(
        laptops=documented("GET /laptops", "POST /ports"),
        ports=documented("GET /ports", "GET /health"),
        old=None,
    )

    assert {path: list(item) for path, item in document["paths"].items()} == {"/laptops": ["get"], "/ports": ["get"]}
    assert [tag["name"] for tag in document["tags"]] == ["laptops", "ports"]
    assert document["servers"] == [{"url": "/api"}]


def test_what_is_inside_and_what_nobody_can_prove_is_left_out() -> None:
    closed = {"GET /ports/{id}": {"x-inside": True}, "PUT /ports/{id}": {"security": [{"key": []}]}}
    document = merged(ports=documented("GET /ports", *closed, secure=closed))

    assert list(document["paths"]) == ["/ports"]
    assert "x-inside" not in json.dumps(document)


def test_who_may_ask_is_said_in_one_scheme_whatever_it_was_called() -> None:
    whole = written("GET /a", secure={"GET /a": {"security": [{"jwt": ["staff", "customer"]}]}})
    whole["components"]["securitySchemes"] = {"jwt": {"type": "http", "scheme": "bearer"}}
    document = merged(a=read(raw(whole)))

    assert document["paths"]["/a"]["get"]["security"] == [{"bearer": ["customer", "staff"]}]
    assert list(document["components"]["securitySchemes"]) == ["bearer"]


def test_components_of_the_same_name_stay_two_and_unused_ones_stay_away() -> None:
    first = {"properties": {"next": {"$ref": "#/components/schemas/Port"}, "gone": {"$ref": "#/components/schemas/No"}}}
    document = merged(laptops=documented("GET /laptops"), ports=referring("Port", first))
    schemas = document["components"]["schemas"]

    assert schemas == {
        "ports.Port": {
            "properties": {
                "next": {"$ref": "#/components/schemas/ports.Port"},
                "gone": {"$ref": "#/components/schemas/ports.No"},
            }
        },
        "ports.No": {},
    }
    other = merged(ports=referring("Port", {"type": "string"}), laptops=documented("GET /laptops"))
    assert other["components"]["schemas"] == {"ports.Port": {"type": "string"}}


def test_links_servers_and_extensions_of_strangers_are_left_out() -> None:
    evil = {"servers": [{"url": "http://evil.example"}], "externalDocs": {"url": "http://evil.example"}, "x-code": "1"}
    document = merged(a=documented("GET /a", secure={"GET /a": evil}, **evil))

    assert "evil" not in json.dumps(document)
    assert "x-code" not in json.dumps(document)


def test_the_same_parts_make_the_same_bytes() -> None:
    parts = {"a": documented("GET /a", "POST /a/{id}"), "b": documented("GET /b")}

    assert json.dumps(merged(**parts)) == json.dumps(merged(**parts))


def test_the_page_shows_who_may_what_is_sent_and_an_example_of_it() -> None:
    draft = {
        "required": ["name"],
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "name": {"type": "string", "minLength": 1, "maxLength": 120},
            "watts": {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]},
            "kind": {"enum": ["usb-c", "barrel"]},
            "at": {"type": "string", "format": "date"},
            "note": {"type": "string", "default": "none"},
        },
    }
    said = {
        "security": STAFF + CUSTOMER,
        "description": "More of it.",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 3}}],
        "requestBody": {"content": {"application/json": {"schema": draft}}},
        "responses": {"201": {"description": ""}, "default": {"description": "Whatever"}},
    }
    ((chapter,),) = [sheet(merged(ports=documented("PUT /ports/{id}", secure={"PUT /ports/{id}": said})))]
    (entry,) = chapter.entries

    assert (entry.anchor, entry.path, entry.who) == ("op-ports-1-put-ports-id", "/api/ports/{id}", "staff or customer")
    assert [(each.name, each.words, each.value) for each in entry.parameters] == [("id", "integer, at least 3", "3")]
    assert entry.body is not None
    assert json.loads(entry.body.example) == {"name": "text", "watts": 5, "kind": "usb-c", "at": "2026-01-31"}
    assert [(each.name, each.words) for each in entry.body.fields][1:3] == [
        ("name", "string, at least 1 characters, at most 120 characters"),
        ("watts", "integer, at least 5 or null"),
    ]
    answers = {each.status: each.words for each in entry.answers}
    assert list(answers) == ["201", "400", "429", "502", "503", "504", "default"]
    assert (answers["201"], answers["default"]) == ("Created", "Whatever")


def test_what_the_gateway_itself_answers_is_said_where_the_service_does_not() -> None:
    said = {"responses": {"200": {"description": "OK"}, "503": {"description": "Busy"}}}
    document = merged(ports=documented("GET /ports", secure={"GET /ports": said}))
    responses = document["paths"]["/ports"]["get"]["responses"]

    assert list(responses) == ["200", "400", "429", "502", "503", "504"]
    assert responses["503"] == {"description": "Busy"}


def test_schemas_that_refer_to_each_other_without_end_come_to_one() -> None:
    fields = {f"f{number}": {"$ref": "#/components/schemas/Port"} for number in range(100)}
    many = {"anyOf": [{"$ref": "#/components/schemas/Port"}] * 100, "properties": fields, "required": list(fields)}
    whole = written("POST /ports")
    whole["paths"]["/ports"]["post"]["requestBody"] = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Port"}}}
    }
    whole["components"]["schemas"] = {"Port": many, "Loop": {"$ref": "#/components/schemas/Loop"}}

    ((chapter,),) = [sheet(merged(ports=read(raw(whole))))]
    assert chapter.entries[0].body is not None
    assert len(chapter.entries[0].body.example) <= 1000


def test_what_is_no_schema_no_parameter_and_no_answer_is_shown_as_little_as_it_says() -> None:
    strange: list[Any] = [
        [],
        "x",
        7,
        None,
        True,
        {"schema": []},
        {"in": "path"},
        {"in": "body", "name": "x"},
        {"name": LONG},
    ]
    for odd in strange:
        said = {"parameters": [odd], "requestBody": odd, "responses": odd, "summary": odd, "description": odd}
        chapters = sheet(merged(a=documented("POST /a", secure={"POST /a": said})))
        assert len(chapters[0].entries) == 1
    for name in NAMES.values():
        said = {"parameters": [{"in": "query", "name": name, "schema": {"type": name, "enum": name}}]}
        sheet(merged(a=documented("POST /a", secure={"POST /a": said})))


def test_of_very_many_operations_the_page_shows_a_hundred() -> None:
    (chapter,) = sheet(merged(a=documented(*[f"GET /a/{number}" for number in range(300)])))

    assert (len(chapter.entries), chapter.more) == (100, 200)
