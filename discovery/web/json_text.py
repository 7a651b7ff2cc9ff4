"""JSON as RFC 8259 has it, and stricter where leniency hides mistakes.

The standard reader takes ``NaN``, lets the last of two equal keys win, turns ``1e999`` into infinity, and raises
what nobody expects on deep nesting and on numbers of thousands of digits.
"""

from __future__ import annotations

import json
import math

from discovery.web.problem import FieldError, Problem, shown

# A 64-bit number has at most 19 digits, and a sign.
_INTEGER_CHARACTERS = 20


def parse_json(raw: bytes) -> object:
    """Read one JSON value.

    Raises:
        Problem: 400, saying what is wrong and where, without quoting it.
    """
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8") from None
    except RecursionError:
        # The standard reader counts depth against the interpreter's own limit.
        raise Problem(400, "the body is nested too deeply") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Problem(400, f"the body is not JSON: {error.msg} ({where})") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise Problem(400, "a key is given twice", errors=[FieldError(shown(key), "is given twice")])
        found[key] = value
    return found


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_CHARACTERS:
        raise Problem(400, "a number in the body has too many digits")
    return int(digits)


def _float(digits: str) -> float:
    if not math.isfinite(value := float(digits)):
        raise Problem(400, "a number in the body is too large")
    return value


def _constant(name: str) -> float:
    raise Problem(400, f"{name} is not JSON")
