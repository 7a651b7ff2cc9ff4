"""`mesh api diff SERVICE [OTHER]`: what the API of this checkout breaks for who uses the other one."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from discovery.errors import ConfigError
from launcher.api.changes import Change, changes
from launcher.plan import ROOT, SYSTEM, module_of

_FETCH_S = 5.0
_MOST_BYTES = 4 * 1024**2


def run_diff(service: str, other: str = "", *, write: bool = False, as_json: bool = False) -> int:
    """Say what is other; 1 when something breaks.

    *other* is a file or a URL; without it, the document that the service has published: ``openapi.json`` beside its
    code, which *write* renews.

    Raises:
        ConfigError: when there is no such service, or one of the two documents cannot be read.
    """
    if not has_document(service):
        known = ", ".join(name for name in SYSTEM if has_document(name))
        raise ConfigError(f"{service!r} has no document of its API; these have: {known}")
    published = published_at(service)
    new = current(service)
    found = changes(read(other or str(published)), new) if other or published.exists() else []
    _tell(service, found, as_json=as_json)
    if write:
        published.write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n")
    return int(any(change.breaks for change in found))


def published_at(service: str) -> Path:
    """Where the published document of *service* is."""
    return ROOT / "services" / service / "openapi.json"


def has_document(service: str) -> bool:
    """Whether *service* is made from a table of routes."""
    return "SERVICE" in _text(ROOT / module_of(service).replace(".", "/") / "app.py")


def current(service: str) -> dict[str, Any]:
    """The document that the code of this checkout makes."""
    command = [sys.executable, "-m", module_of(service), "openapi"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if made.returncode:
        raise ConfigError(f"{service} cannot say its API: {made.stderr.strip()}")
    return dict(json.loads(made.stdout))


def read(place: str) -> Mapping[str, Any]:
    """The document at *place*.

    Raises:
        ConfigError: saying why it cannot be read.
    """
    try:
        if place.startswith(("http://", "https://")):
            with urllib.request.urlopen(place, timeout=_FETCH_S) as answer:  # noqa: S310 - one of the two, see above
                text = answer.read(_MOST_BYTES)
        else:
            text = Path(place).read_bytes()
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{place} cannot be read: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ConfigError(f"{place} is no OpenAPI document")
    return document


def _tell(service: str, found: Sequence[Change], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(change) for change in found]))  # noqa: T201 - the answer
        return
    console = Console(highlight=False)
    for change in found:
        mark = "[red]✗ breaks[/]" if change.breaks else "[green]+[/]"
        console.print(f"{mark} {escape(change.operation)}: {escape(change.what)}")
    if not found:
        console.print(f"{service}: nothing that a caller could notice")


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
