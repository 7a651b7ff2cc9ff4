"""What an answer of laptops or payments means for the step that it answers: one table.

What does not stand in it is no definite answer (a 5xx, a limit, none at all, something that nobody expects): the same
is asked again. So nothing is taken for refused, or for given back, that may not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.orders.model import Reason
from services.orders.saga import Deed, Entry, Step


class Answer(NamedTuple):
    """A status, and the ``type`` of the problem that it is; status 0: there was no answer."""

    status: int
    problem: str = ""


AWAY = Answer(0)

_SOLD_OUT, _PRICE_CHANGED = "/problems/sold-out", "/problems/price-changed"
_CHARGED: Mapping[Answer, Reason | None] = {
    Answer(201): None,
    Answer(200): None,
    Answer(402): "declined",
    # It takes no such card, or had another request under this key.
    Answer(422): "not accepted",
}
_TABLE: Mapping[Deed, Mapping[Answer, Reason | None]] = MappingProxyType(
    {
        Deed.RESERVE: {
            Answer(201): None,
            Answer(200): None,
            Answer(404): "no longer offered",
            Answer(409, _SOLD_OUT): "sold out",
            Answer(409, _PRICE_CHANGED): "price changed",
            Answer(422): "not accepted",
        },
        Deed.CHARGE: _CHARGED,
        # 404: the laptop went, and its reservations with it. 409: it was reserved for too long, and sold.
        Deed.TAKE: {Answer(200): None, Answer(404): "no longer offered", Answer(409): "sold out"},
        Deed.SETTLE: _CHARGED,
        Deed.REFUND: {Answer(201): None, Answer(200): None},
        # 404: there is nothing that could be released.
        Deed.RELEASE: {Answer(200): None, Answer(404): None},
    }
)


def entry_of(step: Step, answer: Answer) -> Entry | None:
    """What is written of *answer* to *step*; None: nothing, since it is no definite one."""
    meant = _TABLE[step.deed]
    for said in (answer, Answer(answer.status)):
        if said in meant:
            return Entry(step, meant[said])
    return None
