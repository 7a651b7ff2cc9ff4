"""What the orders service does for whoever buys here, and tells staff of everybody's orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from aiohttp import hdrs
from pydantic import Field, ValidationError

import discovery
from discovery.web import Problem
from services.marketplace.goods import Foreign, Text, fitting
from services.marketplace.peers import Answer, Away, ask

# For one question.
LIMIT_S = 1.5
_PER_PAGE, _SALES_PER_PAGE = 10, 50
_KEY_REUSED, _UNDER_WAY = "/problems/key-reused", "/problems/under-way"

Count = Annotated[int, Field(ge=0, lt=10**18)]


class OrderLine(Foreign):
    """So many of a laptop, at a price each."""

    laptop: Count
    quantity: Count
    price_cents: Count


class Order(Foreign):
    """An order. ``reason`` and ``laptop`` say why, and because of which one, it is not to be had."""

    id: Count
    state: Literal["placed", "confirmed", "cancelling", "cancelled"]
    reason: str | None = None
    laptop: int | None = None
    lines: list[OrderLine]
    currency: str
    total_cents: Count
    placed_s: Annotated[float, Field(ge=0, lt=10**10)]

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in {"confirmed", "cancelled"}


class Sale(Order):
    """An order, and whose account it is of."""

    customer: Text


T = TypeVar("T", bound=Order)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some orders, the newest first; ``before`` is where the next page begins, None on the last."""

    orders: Sequence[T]
    before: int | None


class NotPlaced(Exception):
    """The orders service heard it, and will not do it. ``earlier``: there may be an order of the same basket."""

    def __init__(self, detail: str, *, earlier: bool = False) -> None:
        super().__init__(detail)
        self.earlier = earlier


class Unknown(Exception):
    """The access token does not count there."""


class Orders:
    """Asks on behalf of whose *access* token it is.

    All methods raise :class:`~services.marketplace.peers.Away`, and :class:`Unknown`.
    """

    def __init__(self, mesh: discovery.Mesh, access: str) -> None:
        self._mesh = mesh
        self._headers: Mapping[str, str] = {hdrs.AUTHORIZATION: f"Bearer {access}"}

    async def place(self, key: str, draft: Mapping[str, Any]) -> int:
        """Order it, once for each *key*; the id of the order.

        Raises:
            NotPlaced: when it was heard and will not be.
        """
        headers: Mapping[str, str] = {**self._headers, "Idempotency-Key": key}
        answer = await self._ask("", method=hdrs.METH_POST, json=draft, headers=headers)
        if answer.status in {400, 409, 422}:
            kind = answer.document.get("type") if isinstance(answer.document, dict) else None
            raise NotPlaced(f"status {answer.status}", earlier=kind in {_KEY_REUSED, _UNDER_WAY})
        return _order(answer, 202).id

    async def page(self, before: int | None) -> Page[Order]:
        """Some of one's own, from the one that was placed before *before*."""
        return await self._page(Order, {"limit": _PER_PAGE, "before": before})

    async def sales(self, before: int | None, state: str | None) -> Page[Sale]:
        """Some of everybody's, where it is staff who asks: from the one before *before*, and only those in *state*."""
        return await self._page(Sale, {"limit": _SALES_PER_PAGE, "before": before, "state": state})

    async def one(self, id: int) -> Order:
        """One of them.

        Raises:
            Problem: 404, when there is none.
        """
        answer = await self._ask(f"/{id}", headers=self._headers)
        if answer.status == 404:
            raise Problem(404, "There is no such order, or it is somebody else's.")
        return _order(answer, 200)

    async def _page(self, kind: type[T], asked: Mapping[str, str | int | None]) -> Page[T]:
        params = {name: value for name, value in asked.items() if value is not None}
        answer = await self._ask("", params=params, headers=self._headers)
        if answer.status != 200 or not isinstance(answer.document, list):
            raise Away(f"status {answer.status}, and no list of orders")
        said = answer.following.get("before", "")
        following = int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else None
        return Page(fitting(kind, answer.document), following)

    async def _ask(self, path: str, **options: Any) -> Answer:
        answer = await ask(self._mesh, f"http://orders/orders{path}", within_s=LIMIT_S, **options)
        if answer.status in {401, 403}:
            raise Unknown(f"status {answer.status}")
        return answer


def _order(answer: Answer, status: int) -> Order:
    try:
        return Order.model_validate(answer.document if answer.status == status else None)
    except ValidationError as error:
        raise Away(f"status {answer.status}, and no order") from error
