"""The document of a service's API (OpenAPI 3.1), made from the routes and the models that validate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from discovery.web.validation import Schema
from services.kit.problems import KEY_REUSED, KEYLESS, STALE, UNCONDITIONAL, UNDER_WAY
from services.kit.web import idempotency
from services.kit.web.entity_tags import is_known
from services.kit.web.route import EVENT_STREAM, PART, PARTS, Route

PATH = "/openapi.json"

_REFERENCE = "#/components/schemas/{model}"
_JSON = "application/json"
_WORD = re.compile(r"[\w-]+")
_PROBLEM_SCHEMA = {
    "title": "Problem",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def document(name: str, version: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The document of the service *name*."""
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": version},
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {"bearer": _BEARER},
        },
    }


def serving(name: str, version: str, routes: Sequence[Route]) -> Handler:
    """A handler that answers with the document."""
    made = document(name, version, routes)
    body, current = json.dumps(made).encode(), f'"{digest(made)}"'

    async def serve(request: web.Request) -> web.Response:
        headers = {hdrs.ETAG: current}
        if is_known(request, current):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)

    return serve


def digest(made: Mapping[str, Any]) -> str:
    """A short name for what *made* says: who has read one knows by it whether there is another to read."""
    return blake2b(json.dumps(made, sort_keys=True).encode(), digest_size=8).hexdigest()


class _Schemas:
    """The schemas of all models that *routes* take or answer with; ``components`` are those that these refer to."""

    def __init__(self, routes: Iterable[Route]) -> None:
        kinds: dict[tuple[str, JsonSchemaMode], TypeAdapter[Any]] = {}
        for route in routes:
            if route.body is not None:
                kinds[repr(route.body), "validation"] = TypeAdapter(route.body)
            for model in route.answers.values():
                if model != EVENT_STREAM:
                    kinds[repr(model), "serialization"] = TypeAdapter(model)
        self._made, definitions = TypeAdapter.json_schemas(
            [(key, mode, adapter) for (key, mode), adapter in kinds.items()], ref_template=_REFERENCE
        )
        self.components: dict[str, Any] = definitions.get("$defs", {})

    def read(self, model: Any) -> Any:
        """The schema of what is taken."""
        return self._made[repr(model), "validation"]

    def written(self, model: Any) -> Any:
        """The schema of what is answered."""
        return self._made[repr(model), "serialization"]


def _parameters(query: type[Schema]) -> list[dict[str, Any]]:
    """Each field of *query* as a parameter. One that may be left out is not sent as null."""
    made = query.model_json_schema()
    required = made.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(schema)}
        for name, schema in made["properties"].items()
    ]


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "title"}}
    if kept.get("default", ...) is None:
        del kept["default"]
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    return {**kept, **choices[0]} if len(choices) == 1 else {**kept, **({"anyOf": choices} if choices else {})}


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": PARTS[name].schema}
        for name in PART.findall(route.path)
    ]
    refusals = {500, 503, *route.refuses, *({404} if parameters else ())}
    made: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *_WORD.findall(route.path)]),
        "summary": route.summary or (route.handler.__doc__ or "").partition("\n")[0].rstrip("."),
    }
    if route.query is not None:
        parameters += _parameters(route.query)
        refusals.add(400)
    if route.if_match is not None:
        tag = {"type": "string"}
        parameters.append({"name": "If-Match", "in": "header", "required": route.if_match, "schema": tag})
        refusals |= {STALE.status, UNCONDITIONAL.status} if route.if_match else {STALE.status}
    if route.idempotent:
        key = {"name": idempotency.HEADER, "in": "header", "required": True, "schema": dict(idempotency.SCHEMA)}
        parameters.append(key)
        refusals |= {KEYLESS.status, UNDER_WAY.status, KEY_REUSED.status}
    if route.body is not None:
        made["requestBody"] = {"required": True, "content": {_JSON: {"schema": schemas.read(route.body)}}}
        refusals |= {400, 408, 409, 413, 415, 422}
    if route.scope is not None:
        made["security"] = [{"bearer": [route.scope]}]
        refusals |= {401, 403}
    if route.inside:
        made["x-inside"] = True
    if parameters:
        made["parameters"] = parameters
    answers = {status: _answer(status, model, schemas) for status, model in route.answers.items()}
    made["responses"] = {
        str(status): answers.get(status) or _refusal(status) for status in sorted({*answers, *refusals})
    }
    return made


def _answer(status: int, model: Any, schemas: _Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if model == EVENT_STREAM:
        return {**made, "content": {EVENT_STREAM: {"schema": {"type": "string"}}}}
    return made if model is None else {**made, "content": {_JSON: {"schema": schemas.written(model)}}}


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    return {"description": HTTPStatus(status).phrase, "content": {"application/problem+json": {"schema": schema}}}
