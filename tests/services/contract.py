"""What one service expects of another: recorded by the tests of the one, held against the other alone.

A caller's test declares each exchange that it needs, with those members of the answer that it reads, and drives the
caller's own code through it: :class:`Callee` stands in for the service that is called, and refuses what was not
declared. The exchanges are committed in ``contracts/CALLER-CALLEE.json``; ``tests/services/test_contracts.py`` sends
each of them to the real service, which must answer with the same status and members of the same kinds. So a change in
one that would break the other is found by the tests of the one that changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

FOLDER = Path(__file__).parent / "contracts"
# Set to anything, the files are written anew.
RECORD = "RECORD_CONTRACTS"


@dataclass(frozen=True)
class Exchange:
    """A request, and the status, headers and members of its answer that the caller relies on.

    ``given`` is what has to be so before it, by a name that the callee's test knows; ``sent`` are headers of the
    request without which the callee would not do it.
    """

    why: str
    method: str
    path: str
    status: int
    answer: Any = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    given: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> tuple[str, str, Any]:
        return self.method, self.path, self.body


class Callee:
    """Answers what is declared, and remembers which of it was asked for."""

    def __init__(self, caller: str, callee: str, *exchanges: Exchange) -> None:
        self.name = callee
        self.unknown: list[tuple[str, str, Any]] = []
        self._file = FOLDER / f"{caller}-{callee}.json"
        self._exchanges = exchanges
        self._used: set[str] = set()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        asked = request.method, request.raw_path, json.loads(raw) if raw else None
        for exchange in self._exchanges:
            if exchange.asked == asked and exchange.sent.items() <= request.headers.items():
                self._used.add(exchange.why)
                if exchange.answer is None:
                    return web.Response(status=exchange.status, headers=exchange.headers)
                return web.json_response(exchange.answer, status=exchange.status, headers=exchange.headers)
        self.unknown.append(asked)
        return web.Response(status=500)

    def check(self) -> None:
        """Every exchange was used, nothing else was asked, and the file says so."""
        assert self.unknown == [], "not declared"
        assert {exchange.why for exchange in self._exchanges} == self._used, "declared and never asked"
        wanted = json.dumps([_recorded(exchange) for exchange in self._exchanges], indent=1) + "\n"
        if os.environ.get(RECORD):
            self._file.write_text(wanted)
        recorded = self._file.read_text() if self._file.exists() else ""
        assert recorded == wanted, f"{self._file.name} says something else: run this test with {RECORD}=1"


def _recorded(exchange: Exchange) -> dict[str, Any]:
    """As it stands in the file, where few send headers."""
    return {name: value for name, value in asdict(exchange).items() if value or name != "sent"}


def read(file: Path) -> list[Exchange]:
    """The exchanges of a file."""
    return [Exchange(**each) for each in json.loads(file.read_text())]


def lacking(expected: Any, answer: Any, where: str = "answer") -> Iterator[str]:
    """What *expected* has and *answer* has not, or has of another kind. What else it has is its own affair."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        for name, value in expected.items():
            if name in answer:
                yield from lacking(value, answer[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is missing"
    elif isinstance(expected, list) and isinstance(answer, list):
        if expected and not answer:
            yield f"{where} is empty"
        for number, each in enumerate(answer if expected else []):
            # Each is like one of the examples.
            found = [list(lacking(example, each, f"{where}[{number}]")) for example in expected]
            yield from min(found, key=len)
    # An example that is null says that there may be nothing, and any kind of value in its place.
    elif expected is not None and type(expected) is not type(answer):
        yield f"{where} is {type(answer).__name__}, not {type(expected).__name__}"
