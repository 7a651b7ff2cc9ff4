"""Request bodies, read as Consul's server reads them: JSON by Go's rules.

Names match whatever their case, ``null`` means "not given", an unknown name is refused. A name that Consul knows
and the devagent does not is refused too, unless its value is empty: it would be dropped in silence otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from discovery.devagent import durations
from discovery.devagent.refusal import Refused

# Consul's own limit for a transaction and for a value in the key-value store.
LARGEST = 512 * 1024


class Duration:
    """A Go duration as text, or a number of nanoseconds."""


class Unsupported:
    """Known to Consul, and not to the devagent."""


# A field is text, a number, a switch, a list, a map, or an object with fields of its own.
Field = Any
Shape = Mapping[str, Field]

_GO_NAMES = {str: "string", int: "int", bool: "bool", dict: "object", list: "array", float: "number"}


async def read(request: web.Request) -> bytes:
    """The whole body.

    Raises:
        Refused: 413 when it is larger than :data:`LARGEST`.
    """
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            size = request.content_length or len(body)
            raise Refused(413, f"Request body({size} bytes) too large, max size: {LARGEST} bytes.")
    return bytes(body)


async def read_object(request: web.Request, shape: Shape) -> dict[str, Any]:
    """The body as an object of that shape, with the names as the shape writes them.

    Raises:
        Refused: 400 in Consul's words when it is not.
    """
    try:
        return _object((await read(request)).decode(), shape)
    except ValueError as exc:
        raise Refused(400, f"Request decode failed: {exc}") from None


def _object(text: str, shape: Shape) -> dict[str, Any]:
    text = text.lstrip()
    if not text:
        raise ValueError("EOF")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as exc:
        raise ValueError(_syntax_error(text, exc.pos)) from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"json: cannot unmarshal {_kind(value)} into Go value of type struct")
    return _fields(value, shape, "")


def _syntax_error(text: str, at: int) -> str:
    rest = text[at:].lstrip()
    return f"invalid character '{rest[0]}' looking for beginning of value" if rest else "unexpected EOF"


def _fields(value: Mapping[str, Any], shape: Shape, path: str) -> dict[str, Any]:
    known = {name.lower(): name for name in shape}
    fields = {}
    for key, raw in value.items():
        name = known.get(key.lower().replace("_", ""))
        if name is None:
            raise ValueError(f'json: unknown field "{key}"')
        if raw is not None:
            fields[name] = _value(raw, shape[name], f"{path}.{name}")
    return {name: field for name, field in fields.items() if field is not None}


def _value(raw: Any, field: Field, path: str) -> Any:
    if field is Unsupported:
        if raw not in ("", 0, False, [], {}):
            raise ValueError(f"the devagent does not support {path.lstrip('.')}: use a real Consul for it")
        return None
    if field is Duration:
        if isinstance(raw, str):
            return durations.parse(raw)
        return _scalar(raw, int, path) / 1e9
    if isinstance(field, list) and isinstance(raw, list):
        return [_value(item, field[0], path) for item in raw if item is not None]
    if isinstance(field, tuple) and isinstance(raw, dict):
        return {key: _value(item, field[0], f"{path}.{key}") for key, item in raw.items() if item is not None}
    if isinstance(field, Mapping) and isinstance(raw, dict):
        return _fields(raw, field, path)
    return _scalar(raw, field, path)


def _scalar(raw: Any, field: Field, path: str) -> Any:
    if field is str and isinstance(raw, str):
        # Half of a surrogate pair is no text, and could not be sent back.
        return raw.encode(errors="replace").decode()
    if field is bool and isinstance(raw, bool):
        return raw
    if field is int and type(raw) is int and abs(raw) < 1 << 63:
        return raw
    raise ValueError(f"json: cannot unmarshal {_kind(raw)} into Go struct field {path} of type {_go_type(field)}")


def _kind(value: Any) -> str:
    return _GO_NAMES[type(value)] if not isinstance(value, int) or isinstance(value, bool) else "number"


def _go_type(field: Field) -> str:
    if isinstance(field, list):
        return f"[]{_go_type(field[0])}"
    if isinstance(field, tuple):
        return f"map[string]{_go_type(field[0])}"
    return _GO_NAMES.get(field, "struct") if isinstance(field, type) else "struct"
