"""All that was ordered, as the orders service tells it to staff."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs

import discovery
from discovery.web import Problem
from services.marketplace.goods import Text, fitting
from services.marketplace.orders import Order
from services.marketplace.peers import Away, ask

# For all that a page asks for.
LIMIT_S = 1.8
_PER_PAGE = 50


class Sale(Order):
    """An order, and whose account it is of."""

    customer: Text


async def sales(mesh: discovery.Mesh, token: str, state: str | None, before: int) -> tuple[tuple[Sale, ...], int]:
    """The newest in that *state* before that id (0: the newest of all); and before which the next page begins, or 0.

    Raises:
        Away: when nobody can say.
        Problem: 403 when whose *token* it is may not see them.
    """
    asked = {"limit": _PER_PAGE, "before": before or None, "state": state}
    params = {name: value for name, value in asked.items() if value is not None}
    headers: Mapping[str, str] = {hdrs.AUTHORIZATION: f"Bearer {token}"}
    answer = await ask(mesh, "http://orders/orders", params, within_s=LIMIT_S, headers=headers)
    if answer.status in {401, 403}:
        raise Problem(403, "You may not see this. Log in again, with an account of the staff.")
    if answer.status != 200 or not isinstance(answer.document, list):
        raise Away(f"status {answer.status}, and no list of orders")
    found = fitting(Sale, answer.document)
    return found, found[-1].id if found and answer.following else 0
