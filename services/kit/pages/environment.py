"""Templates of a service, with those that all pages share.

Everything is escaped unless a template says otherwise, and none does: names and words are strangers'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_SHARED = Path(__file__).with_name("templates")


def environment(home: Path, **names: Any) -> Environment:
    """The templates in ``templates`` of that service, and the shared ones; each knows *names*."""
    made = Environment(
        loader=FileSystemLoader([home / "templates", _SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= names
    return made
