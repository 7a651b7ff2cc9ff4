"""Templates and files of a service, with those that all pages share.

Everything is escaped unless a template says otherwise, and none does: names and words are strangers'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.kit.pages.assets import Assets

_SHARED = Path(__file__).parent


def assets(home: Path, path: str = "/static") -> Assets:
    """The files in ``static`` of the service whose folder is *home*, and the shared ones, below *path*."""
    return Assets(path, home / "static", _SHARED / "static")


def environment(home: Path, **names: Any) -> Environment:
    """The templates in ``templates`` of that service, and the shared ones; each knows *names*."""
    made = Environment(
        loader=FileSystemLoader([home / "templates", _SHARED / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= names
    return made
