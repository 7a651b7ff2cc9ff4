"""Why a step of the demonstration did not hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from discovery.errors import MeshError


class NoPicture(MeshError):
    """What a picture should show did not come about."""


class StepFailed(Exception):
    """Something did not hold; the sentence says what, and the figures what was measured all the same."""

    def __init__(self, sentence: str, figures: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.figures = figures or {}


class TooBusy(StepFailed):
    """This machine was too busy for the step to say anything about the mesh."""
