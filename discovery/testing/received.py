"""What a server of a test was sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came off the wire; *path* with its query."""

    method: str
    path: str
    headers: CIMultiDictProxy[str]
    body: bytes = b""

    @classmethod
    def of(cls, request: web.BaseRequest, body: bytes = b"") -> Received:
        """The record of *request*."""
        return cls(request.method, request.path_qs, request.headers, body)

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)
