"""What a step of the demonstration says when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import RenderableType


@dataclass(slots=True)
class Told:
    """What came of a step: a sentence, something below it, figures."""

    text: str
    below: RenderableType = ""
    figures: dict[str, Any] = field(default_factory=dict)
