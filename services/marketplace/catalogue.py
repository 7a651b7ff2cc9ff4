"""What the laptops service says, or said last when it is away."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

import discovery
from discovery.web import Problem
from services.marketplace.goods import FittedLaptop, Laptop, fitting
from services.marketplace.memory import Known, Memory
from services.marketplace.peers import Answer, Away, ask

# The whole of a page: everything else has less, and goes on beside it. The laptops service gives the ports 1.5 s.
PAGE_S = 2.5
_PER_PAGE = 12


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of laptops; ``following`` is the id after which the next one begins, None on the last."""

    laptops: tuple[Laptop, ...]
    following: int | None


class Catalogue:
    """Both methods raise :class:`~services.marketplace.peers.Away` when there is nothing to fall back on."""

    def __init__(self, around: discovery.Surroundings) -> None:
        self._listings: Memory[Listing] = Memory(around)
        self._laptops: Memory[FittedLaptop] = Memory(around)

    async def listing(self, mesh: discovery.Mesh, title: str, after: int) -> Known[Listing]:
        """The laptops with *title* in their title, from the first with an id above *after*."""
        params: dict[str, str | int] = {"limit": _PER_PAGE, "after": after}
        if title:
            params["title"] = title
        try:
            answer = await ask(mesh, "http://laptops/laptops", params, within_s=PAGE_S)
            listing = _listing(answer, after)
        except Away:
            if known := self._listings.last((title, after)):
                return known
            raise
        return self._listings.keep((title, after), listing)

    async def laptop(self, mesh: discovery.Mesh, id: int) -> Known[FittedLaptop]:
        """One laptop.

        Raises:
            Problem: 404, when there is none.
        """
        try:
            answer = await ask(mesh, f"http://laptops/laptops/{id}", {}, within_s=PAGE_S)
            laptop = _laptop(answer)
        except Away:
            if known := self._laptops.last(id):
                return known
            raise
        if laptop is None:
            self._laptops.forget(id)
            raise Problem(404, "There is no such laptop, or there no longer is.")
        return self._laptops.keep(id, laptop)


def _listing(answer: Answer, after: int) -> Listing:
    if answer.status != 200 or not isinstance(answer.document, list):
        raise Away(f"status {answer.status}, and no list of laptops")
    said = answer.following.get("after", "")
    following = int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else 0
    # A link that does not lead on would lead a visitor in a circle.
    return Listing(fitting(Laptop, answer.document), following if following > after else None)


def _laptop(answer: Answer) -> FittedLaptop | None:
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise Away(f"status {answer.status}")
    try:
        return FittedLaptop.model_validate(answer.document)
    except ValidationError as error:
        raise Away("it is not a laptop that came") from error
