"""The request that `mesh call` was told to make, checked before anything is loaded that could make it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Self

import click

from discovery.cli.text import escape

# A token of RFC 9110, 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_NOT_IN_VALUES = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One request. ``timeout_s`` is for all of it; ``None`` leaves that to the settings."""

    service: str
    datacenter: str = ""
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout_s: float | None = None

    @classmethod
    def of(
        cls,
        service: str,
        datacenter: str,
        path: str,
        *,
        method: str,
        headers: Iterable[str],
        data: str | None,
        timeout_s: float | None,
    ) -> Self:
        """Take the words of the command line.

        Raises:
            click.UsageError: when they cannot be a request.
        """
        if not path.startswith("/") or escape(path) != path:
            raise click.UsageError(f"a path begins with a slash and is one line, got {escape(path)!r}")
        method = method or ("GET" if data is None else "POST")
        if not _TOKEN.fullmatch(method):
            raise click.UsageError(f"{escape(method)!r} is not a method")
        if timeout_s is not None and not isfinite(timeout_s):
            raise click.UsageError(f"--timeout takes a number of seconds, got {timeout_s}")
        fields = [_field(header) for header in headers]
        if data is not None and "content-type" not in {name.lower() for name, _ in fields}:
            fields.append(("Content-Type", "application/json"))
        return cls(
            service=service,
            datacenter=datacenter,
            path=path,
            method=method.upper(),
            headers=tuple(fields),
            body=None if data is None else _body(data),
            timeout_s=timeout_s,
        )

    @property
    def line(self) -> str:
        """What is about to be asked, for people."""
        host = f"{self.service}.service.{self.datacenter}.consul" if self.datacenter else self.service
        return f"→ {self.method} http://{host}{self.path}"


def _field(header: str) -> tuple[str, str]:
    name, colon, value = header.partition(":")
    if not colon or not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
        raise click.UsageError(f"a header is 'Name: value' on one line, got {escape(header)!r}")
    return name, value.strip()


def _body(data: str) -> bytes:
    if not data.startswith("@"):
        return data.encode()
    if data == "@-":
        return sys.stdin.buffer.read()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as exc:
        raise click.UsageError(f"{escape(data)}: {exc.strerror or exc}") from None
