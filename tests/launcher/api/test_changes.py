"""What a change of an API breaks, each kind once, for those who send and for those who read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from launcher.api.changes import changes

PORT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "connector": {"anyOf": [{"enum": ["usb-c", "barrel"], "type": "string"}, {"type": "null"}]},
    },
}
DRAFT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 120},
        "watts": {"type": "integer", "minimum": 1},
        "connector": {"enum": ["usb-c", "barrel"], "type": "string"},
    },
}


def content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


OLD: dict[str, Any] = {
    "paths": {
        "/ports": {
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "maximum": 100}}
                ],
                "responses": {"200": content({"type": "array", "items": {"$ref": "#/components/schemas/Port"}})},
            },
            "post": {
                "requestBody": {"required": True, **content({"$ref": "#/components/schemas/Draft"})},
                "responses": {"201": content({"$ref": "#/components/schemas/Port"})},
            },
        },
        "/ports/{id}": {"delete": {"security": [{"bearer": ["staff"]}], "responses": {"204": {"description": "ok"}}}},
    },
    "components": {"schemas": {"Port": PORT, "Draft": DRAFT}},
}

Edit = Callable[[dict[str, Any]], Any]


def edited(edit: Edit) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    edit(new)
    return new


def port(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Port"]


def draft(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["Draft"]


def get(document: dict[str, Any]) -> Any:
    return document["paths"]["/ports"]["get"]


def post(document: dict[str, Any]) -> Any:
    return document["paths"]["/ports"]["post"]


BREAKING: dict[str, tuple[Edit, str]] = {
    "a route that is gone": (lambda d: d["paths"].pop("/ports/{id}"), "DELETE /ports/{id}: is gone"),
    "a method that is gone": (lambda d: d["paths"]["/ports"].pop("get"), "GET /ports: is gone"),
    "a route for peers only": (
        lambda d: get(d).update({"x-inside": True}),
        "GET /ports: is for peers only now",
    ),
    "a scope": (
        lambda d: get(d).update(security=[{"bearer": ["customer"]}]),
        "GET /ports: needs the scope customer now",
    ),
    "a parameter that is gone": (lambda d: get(d).pop("parameters"), "GET /ports: parameter limit is no longer taken"),
    "a parameter that is required": (
        lambda d: get(d)["parameters"][0].update(required=True),
        "GET /ports: parameter limit is now required",
    ),
    "a parameter with less room": (
        lambda d: get(d)["parameters"][0]["schema"].update(maximum=50),
        "GET /ports: parameter limit must now have maximum 50",
    ),
    "a member of a body that is gone": (
        lambda d: draft(d)["properties"].pop("watts"),
        "POST /ports: body.watts is no longer taken",
    ),
    "a member of a body that is required": (
        lambda d: draft(d)["required"].append("watts"),
        "POST /ports: body.watts is now required",
    ),
    "a member of a body of another type": (
        lambda d: draft(d)["properties"]["watts"].update(type="string"),
        "POST /ports: body.watts may no longer be integer",
    ),
    "a value that a body may not have": (
        lambda d: draft(d)["properties"]["connector"].update(enum=["usb-c"]),
        "POST /ports: body.connector may no longer be barrel",
    ),
    "a text that must be shorter": (
        lambda d: draft(d)["properties"]["name"].update(maxLength=20),
        "POST /ports: body.name must now have maxLength 20",
    ),
    "a text of another form": (
        lambda d: draft(d)["properties"]["name"].update(pattern="^a"),
        "POST /ports: body.name must now have pattern ^a",
    ),
    "no body": (lambda d: post(d).pop("requestBody"), "POST /ports: takes no body any more"),
    "a member of an answer that is gone": (
        lambda d: (port(d)["properties"].pop("name"), port(d)["required"].remove("name")),
        "POST /ports: answer 201.name may now be missing",
    ),
    "a member of an answer of another type": (
        lambda d: port(d)["properties"]["id"].update(type="string"),
        "GET /ports: answer 200[].id may now be string",
    ),
    "a member of an answer that may be null": (
        lambda d: port(d)["properties"].update(name={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "GET /ports: answer 200[].name may now be null",
    ),
    "a value that nobody was told of": (
        lambda d: port(d)["properties"]["connector"]["anyOf"][0]["enum"].append("hdmi"),
        "GET /ports: answer 200[].connector may now be hdmi",
    ),
    "another status": (
        lambda d: post(d).update(responses={"202": post(d)["responses"]["201"]}),
        "POST /ports: no longer answers 201",
    ),
    "a status that nobody was told of": (
        lambda d: post(d)["responses"].update({"202": post(d)["responses"]["201"]}),
        "POST /ports: may now answer 202",
    ),
    "an answer without content": (
        lambda d: post(d)["responses"].update({"201": {"description": "ok"}}),
        "POST /ports: answer 201 has no content any more",
    ),
}

HARMLESS: dict[str, tuple[Edit, str]] = {
    "a new route": (lambda d: d["paths"].update({"/docks": {"get": {}}}), "GET /docks: is new"),
    "a member of an answer": (
        lambda d: port(d)["properties"].update(volts={"type": "integer"}),
        "POST /ports: answer 201 has volts",
    ),
    "a member of a body that may be left out": (
        lambda d: draft(d)["properties"].update(volts={"type": "integer"}),
        "POST /ports: the body has volts",
    ),
    "a parameter that may be left out": (
        lambda d: get(d)["parameters"].append(
            {"name": "watts", "in": "query", "required": False, "schema": {"type": "integer"}}
        ),
        "GET /ports: parameter watts is new",
    ),
}


def told(found: Edit) -> dict[str, bool]:
    return {f"{change.operation}: {change.what}": change.breaks for change in changes(OLD, edited(found))}


def test_an_api_that_did_not_change_has_no_changes() -> None:
    assert changes(OLD, copy.deepcopy(OLD)) == []


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_caller_is_found(name: str) -> None:
    edit, sentence = BREAKING[name]

    assert told(edit).get(sentence) is True, told(edit)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_added_breaks_nobody(name: str) -> None:
    edit, sentence = HARMLESS[name]

    assert told(edit).get(sentence) is False
    assert not any(told(edit).values())


@pytest.mark.parametrize(
    "edit",
    [
        lambda d: get(d)["parameters"][0]["schema"].update(maximum=500),
        lambda d: draft(d)["required"].remove("name"),
        lambda d: draft(d)["properties"]["connector"]["enum"].append("hdmi"),
        lambda d: draft(d)["properties"]["watts"].update(type="number"),
        lambda d: port(d)["properties"].update(connector={"enum": ["usb-c"], "type": "string"}),
        lambda d: d["paths"]["/ports/{id}"]["delete"].pop("security"),
        lambda d: post(d)["responses"].update({"429": {"description": "a refusal"}}),
    ],
    ids=[
        "a wider bound",
        "less required",
        "one value more to send",
        "any number",
        "a narrower answer",
        "no scope",
        "a refusal",
    ],
)
def test_more_that_is_taken_and_less_that_is_told_break_nobody(edit: Edit) -> None:
    assert not any(told(edit).values())


def test_a_schema_that_contains_itself_is_compared_to_a_depth() -> None:
    looped = copy.deepcopy(OLD)
    port(looped)["properties"]["next"] = {"$ref": "#/components/schemas/Port"}

    assert changes(looped, copy.deepcopy(looped)) == []
