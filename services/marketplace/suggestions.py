"""What the recommendations service suggests. Its absence costs a page nothing but these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationError

import discovery
from services.marketplace.goods import Foreign, Laptop, Text, fitting
from services.marketplace.peers import Away, ask

# A page without them is worth more than one that comes late.
_LIMIT_S = 0.8
_WANTED = 4
_AWAY = "Recommendations are away for the moment. Everything else is here."


class Reason(Foreign):
    """Why, as a line."""

    text: Text


def _reasons(items: Any) -> tuple[Reason, ...]:
    return fitting(Reason, items)


class Suggestion(Foreign):
    """A laptop, and why it."""

    laptop: Laptop
    reasons: Annotated[tuple[Reason, ...], BeforeValidator(_reasons)] = ()


def _suggestions(items: Any) -> tuple[Suggestion, ...]:
    return fitting(Suggestion, items)[:_WANTED]


class Suggestions(Foreign):
    """Some suggestions, or none; ``notice`` says what is missing."""

    recommendations: Annotated[tuple[Suggestion, ...], BeforeValidator(_suggestions)] = ()
    notice: Text | None = None


async def suggestions(mesh: discovery.Mesh, customer: str, laptop: int | None = None) -> Suggestions:
    """What to suggest to *customer*, who looks at *laptop*."""
    params: dict[str, str | int] = {"customer": customer, "limit": _WANTED}
    if laptop is not None:
        params["laptop"] = laptop
    try:
        answer = await ask(mesh, "http://recommendations/recommendations", params, within_s=_LIMIT_S)
        return Suggestions.model_validate(answer.document if answer.status == 200 else None)
    except (Away, ValidationError):
        return Suggestions(notice=_AWAY)
