"""One OpenAPI document of all that the world is led to, made of those of the services.

It says what can be asked here, in our words: paths are below ``/api``, what is inside is left out, and components are
named by their service, so that no two are taken for each other. Only what the parts say in fields that are known is
taken over; a link, a server or an extension of a stranger's is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.gateway.document import Demand, Document, Operation
from services.gateway.table import Table
from services.gateway.target import PREFIX

_TITLE = "What can be asked here"
_COMPONENTS = "#/components/"
_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_OURS = {
    "400": {"description": "The gateway can read the path or the query in two ways"},
    "429": {"description": "Too Many Requests"},
    "502": {"description": "The service gave no answer"},
    "503": {"description": "No instance of the service can take a request now"},
    "504": {"description": "The service did not answer in time"},
}
_SAID = ("summary", "description", "deprecated", "requestBody", "responses")


def merge(table: Table, documents: Mapping[str, Document | None]) -> dict[str, Any]:
    """The document of all *documents* whose paths *table* leads to; in the order in which they are given."""
    merging = _Merging()
    tags: list[dict[str, str]] = []
    paths: dict[str, dict[str, Any]] = {}
    for service, document in documents.items():
        if document is None:
            continue
        mine: dict[str, dict[str, Any]] = {}
        for operation in document.operations:
            # What needs a way in that cannot be checked here leads nobody in, so it is not told either.
            if not operation.inside and operation.needs != () and table.owns(service, operation.template.prefix):
                mine.setdefault(operation.path, {})[operation.method.lower()] = merging.operation(service, operation)
        if mine:
            tags.append({"name": service})
            paths |= mine
        merging.bring(service, document)
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "1"},
        "servers": [{"url": f"/{PREFIX}"}],
        "tags": tags,
        "paths": paths,
        "components": {**merging.components, "securitySchemes": {"bearer": _BEARER}},
    }


class _Merging:
    """Brings components along for whoever refers to them."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self._wanted: dict[str, tuple[str, str]] = {}

    def operation(self, service: str, operation: Operation) -> dict[str, Any]:
        said = operation.said
        made: dict[str, Any] = {
            "tags": [service],
            "operationId": f"{service}.{said.get('operationId', f'{operation.method.lower()} {operation.path}')}",
            **{name: self._moved(service, said[name]) for name in _SAID if name in said},
        }
        if said["parameters"]:
            made["parameters"] = self._moved(service, said["parameters"])
        if operation.needs is not None:
            made["security"] = _security(operation.needs)
        # A service knows nothing of what is refused before it is asked.
        theirs = made.get("responses")
        made["responses"] = dict(sorted({**_OURS, **(theirs if isinstance(theirs, dict) else {})}.items()))
        return made

    def bring(self, service: str, document: Document) -> None:
        """Take over what was referred to, and what that refers to; a reference that leads nowhere may be anything."""
        there = document.whole.get("components", {})
        while self._wanted:
            name, (kind, old) = self._wanted.popitem()
            kinds = there.get(kind)
            found = kinds.get(old, {}) if isinstance(kinds, dict) else {}
            components = self.components.setdefault(kind, {})
            components[name] = {}  # who refers to himself wants it no more
            components[name] = self._moved(service, found)

    def _moved(self, service: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._moved(service, each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._moved(service, each) for each in value]
        if isinstance(value, str) and value.startswith(_COMPONENTS):
            return self._renamed(service, value)
        return value

    def _renamed(self, service: str, reference: str) -> str:
        kind, _, rest = reference.removeprefix(_COMPONENTS).partition("/")
        old, slash, below = rest.partition("/")
        new = f"{service}.{old}"
        if new not in self.components.get(kind, ()):
            self._wanted[new] = (kind, old)
        return f"{_COMPONENTS}{kind}/{new}{slash}{below}"


def _security(demand: Demand) -> list[dict[str, list[str]]]:
    return [{"bearer": sorted(scopes)} for scopes in demand]
