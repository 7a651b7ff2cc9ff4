"""What differs between two documents of one API (OpenAPI 3.1), and what of it breaks its callers. Pure.

The rule that it carries out stands in docs/api.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.api.schemas import Document, for_readers, for_senders

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_JSON = "application/json"

Operation = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``operation`` is like ``GET /ports/{id}``."""

    operation: str
    what: str
    breaks: bool


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """All differences that a caller can notice, those that break first."""
    before, after = _operations(old), _operations(new)
    found = [Change(name, "is gone", breaks=True) for name in before if name not in after]
    found += [Change(name, "is new", breaks=False) for name in after if name not in before]
    documents = Document(old), Document(new)
    for name in before:
        if name in after:
            found += [Change(name, what, breaks=True) for what in _breaking(before[name], after[name], documents)]
            found += [Change(name, what, breaks=False) for what in _additions(before[name], after[name], documents)]
    return sorted(found, key=lambda change: not change.breaks)


def _operations(document: Mapping[str, Any]) -> dict[str, Operation]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
        if method in _METHODS
    }


def _breaking(old: Operation, new: Operation, documents: tuple[Document, Document]) -> Iterator[str]:
    if new.get("x-inside") and not old.get("x-inside"):
        yield "is for peers only now"
    if wanted := _scopes(new) - _scopes(old):
        yield f"needs the scope {' and '.join(sorted(wanted))} now"
    yield from _parameters(old, new, documents)
    yield from _bodies(old, new, documents)
    yield from _answers(old, new, documents)


def _additions(old: Operation, new: Operation, documents: tuple[Document, Document]) -> Iterator[str]:
    """What is new and breaks nobody: the same comparison, with the documents exchanged."""
    for name in _named(new).keys() - _named(old).keys():
        yield f"parameter {name} is new"
    before, after = _body(old), _body(new)
    if before is not None and after is not None:
        yield from _new_members(before, after, documents, "the body")
    for status, schema in _successes(new).items():
        known = _successes(old).get(status)
        if known is not None and schema is not None:
            yield from _new_members(known, schema, documents, f"answer {status}")


def _new_members(old: Any, new: Any, documents: tuple[Document, Document], where: str) -> Iterator[str]:
    before, after = documents[0].resolved(old), documents[1].resolved(new)
    for name in after.get("properties", {}).keys() - before.get("properties", {}).keys():
        if name not in after.get("required", ()) or where != "the body":
            yield f"{where} has {name}"


def _parameters(old: Operation, new: Operation, documents: tuple[Document, Document]) -> Iterator[str]:
    before, after = _named(old), _named(new)
    for name, parameter in after.items():
        if parameter.get("required") and not before.get(name, {}).get("required"):
            yield f"parameter {name} is now required"
    for name, parameter in before.items():
        if name not in after:
            yield f"parameter {name} is no longer taken"
        else:
            compare = for_senders(*documents)
            yield from compare.differences(after[name]["schema"], parameter["schema"], f"parameter {name}")


def _bodies(old: Operation, new: Operation, documents: tuple[Document, Document]) -> Iterator[str]:
    before, after = _body(old), _body(new)
    if before is None and after is not None and new["requestBody"].get("required"):
        yield "needs a body now"
    elif before is not None and after is None:
        yield "takes no body any more"
    elif before is not None and after is not None:
        yield from for_senders(*documents).differences(after, before, "body")


def _answers(old: Operation, new: Operation, documents: tuple[Document, Document]) -> Iterator[str]:
    before, after = _successes(old), _successes(new)
    if not after.keys() & before.keys():
        yield f"no longer answers {' or '.join(sorted(before))}"
    elif untold := after.keys() - before.keys():
        yield f"may now answer {' or '.join(sorted(untold))}"
    for status in sorted(before.keys() & after.keys()):
        read, told = before[status], after[status]
        if read is not None and told is None:
            yield f"answer {status} has no content any more"
        elif read is not None and told is not None:
            yield from for_readers(*documents).differences(read, told, f"answer {status}")


def _scopes(operation: Operation) -> set[str]:
    """What a token must have; a token alone is the scope of that name."""
    found = set()
    for requirement in operation.get("security", ()):
        for scopes in requirement.values():
            found |= set(scopes) or {"token"}
    return found


def _named(operation: Operation) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in operation.get("parameters", ())}


def _body(operation: Operation) -> Any:
    return operation.get("requestBody", {}).get("content", {}).get(_JSON, {}).get("schema")


def _successes(operation: Operation) -> dict[str, Any]:
    return {
        status: answer.get("content", {}).get(_JSON, {}).get("schema")
        for status, answer in operation.get("responses", {}).items()
        if status.startswith("2")
    }
