"""What is asked of Jaeger's API, read as Jaeger reads it: the unknown is ignored, and times are in three units."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from multidict import MultiMapping

from observability.console.reading.query import LARGEST

TRACES_MAX = 200

_US_NS = 10**3
_MS_NS = 10**6
_HOUR_NS = 3600 * 10**9
# Jaeger's own defaults.
_LIMIT = 100
_LOOKBACK_NS = 48 * _HOUR_NS
_DEPENDENCIES_NS = 24 * _HOUR_NS

_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{0,9})?(?:ns|us|µs|μs|ms|s|m|h))+")
_PART = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": _US_NS, "µs": _US_NS, "μs": _US_NS, "ms": _MS_NS, "s": 10**9, "m": 60 * 10**9, "h": _HOUR_NS}
_TAGS_MAX = 32
_LONGEST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which traces. Times and durations are nanoseconds."""

    trace_ids: tuple[bytes, ...]
    service: str
    operation: str
    tags: Mapping[str, str]
    start_ns: int
    end_ns: int
    min_ns: int
    max_ns: int
    limit: int


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when."""

    start_ns: int
    end_ns: int


def search(query: MultiMapping[str], now_ns: int) -> Search:
    """``/api/traces?service=&operation=&tags=&start=&end=&minDuration=&maxDuration=&limit=&traceID=``.

    Raises:
        ValueError: naming what is wrong.
    """
    found = Search(
        trace_ids=tuple(trace_id(text) for text in query.getall("traceID", [])[:TRACES_MAX]),
        service=_text(query, "service"),
        operation=_text(query, "operation"),
        tags=_tags(query),
        start_ns=_whole(query, "start", _US_NS, now_ns - _LOOKBACK_NS),
        end_ns=_whole(query, "end", _US_NS, now_ns),
        min_ns=_duration(query, "minDuration"),
        max_ns=_duration(query, "maxDuration"),
        limit=min(TRACES_MAX, max(1, _whole(query, "limit", 1, _LIMIT))),
    )
    if not found.service and not found.trace_ids:
        raise ValueError("parameter 'service' is required")
    if found.max_ns and found.max_ns < found.min_ns:
        raise ValueError("'maxDuration' should be greater than 'minDuration'")
    return found


def period(query: MultiMapping[str], now_ns: int) -> Period:
    """``/api/dependencies?endTs=&lookback=``, both in milliseconds.

    Raises:
        ValueError: naming what is wrong.
    """
    end = _whole(query, "endTs", _MS_NS, now_ns)
    return Period(max(0, end - _whole(query, "lookback", _MS_NS, _DEPENDENCIES_NS)), end)


def service(query: MultiMapping[str]) -> str:
    """``/api/operations?service=``.

    Raises:
        ValueError: when there is none.
    """
    if found := _text(query, "service"):
        return found
    raise ValueError("parameter 'service' is required")


def trace_id(text: str) -> bytes:
    """A trace's id; zeros at its beginning may be left out.

    Raises:
        ValueError: for what is none.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{1,32}", text):
        raise ValueError("a trace id has 1 to 32 hexadecimal digits")
    return bytes.fromhex(text.rjust(32, "0"))


def _text(query: MultiMapping[str], name: str) -> str:
    text = query.get(name, "")
    if len(text) > _LONGEST:
        raise ValueError(f"unable to parse param '{name}': it is too long")
    return text


def _whole(query: MultiMapping[str], name: str, unit: int, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise ValueError(f"unable to parse param '{name}': it is no whole number")
    return min(int(text) * unit, LARGEST)


def _duration(query: MultiMapping[str], name: str) -> int:
    text = query.get(name, "")
    if not text:
        return 0
    if len(text) > _LONGEST or not _DURATION.fullmatch(text):
        raise ValueError(f"unable to parse param '{name}': it is no duration like 1.5ms")
    return min(int(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))), LARGEST)


def _tags(query: MultiMapping[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in query.getall("tag", []):
        key, colon, value = pair.partition(":")
        if not colon:
            raise ValueError("malformed 'tag' parameter, expecting key:value")
        found[key] = value
    for text in query.getall("tags", []):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
            raise ValueError("malformed 'tags' parameter, expecting a JSON object of strings")
        found |= document
    if len(found) > _TAGS_MAX or any(len(key) + len(value) > _LONGEST for key, value in found.items()):
        raise ValueError("these are too many tags")
    return found
