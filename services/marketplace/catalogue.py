"""What the laptops service says, or said last when it is away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from pydantic import ValidationError

import discovery
from discovery.web import Problem
from services.marketplace.fittings import Fittings, fittings
from services.marketplace.goods import FittedLaptop, Laptop, Port, fitting
from services.marketplace.memory import Known, Memory
from services.marketplace.peers import Answer, Away, ask
from services.marketplace.wanted import Place, Wanted

# The whole of a page: everything else has less, and goes on beside it. The laptops service gives the ports 1.5 s.
PAGE_S = 1.8
# Who can be shown what was said last waits less: this is the page after a login, too, and all of that is one wait.
KNOWN_S = 1.2
_PER_PAGE = 12
# The catalogue does not know ports: who looks for one is shown the laptops that have it, out of so many at a time.
_LOOKED_THROUGH = 48
_TIMES = 5


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of laptops; ``following`` is where the next one begins, None on the last.

    ``ports`` are theirs, None when nobody can say.
    """

    laptops: tuple[Laptop, ...]
    following: Place | None
    ports: Fittings | None = None


class Catalogue:
    """Both methods raise :class:`~services.marketplace.peers.Away` when there is nothing to fall back on."""

    def __init__(self, around: discovery.Surroundings) -> None:
        self._listings: Memory[Listing] = Memory(around)
        self._laptops: Memory[FittedLaptop] = Memory(around)

    async def listing(self, mesh: discovery.Mesh, wanted: Wanted) -> Known[Listing]:
        """The laptops that are *wanted*, a page of them."""
        key = wanted.model_copy(update={"trail": ()})
        known = self._listings.last(key)
        try:
            async with asyncio.timeout(KNOWN_S if known else PAGE_S):
                listing = await _look(mesh, wanted)
        except (Away, TimeoutError) as error:
            if known:
                return known
            raise Away(str(error)) from error
        return self._listings.keep(key, listing)

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


async def _look(mesh: discovery.Mesh, wanted: Wanted) -> Listing:
    """Through the catalogue, as far as it takes to fill a page, or as one page may."""
    if not wanted.by_ports:
        listing = await _page(mesh, wanted, wanted.after, _PER_PAGE)
        return replace(listing, ports=await fittings(mesh, listing.laptops))
    found: list[Laptop] = []
    theirs: dict[int, tuple[Port, ...]] = {}
    place: Place | None = wanted.after
    for _ in range(_TIMES):
        if place is None or len(found) == _PER_PAGE:
            break
        listing = await _page(mesh, wanted, place, _LOOKED_THROUGH)
        if (ports := await fittings(mesh, listing.laptops)) is None:
            return replace(await _page(mesh, wanted, wanted.after, _PER_PAGE), ports=None)
        fit = [laptop for laptop in listing.laptops if wanted.fits(ports[laptop.id])]
        room = _PER_PAGE - len(found)
        found += fit[:room]
        theirs |= ports
        place = wanted.behind(found[-1]) if len(fit) > room else listing.following
    return Listing(tuple(found), place, theirs)


async def _page(mesh: discovery.Mesh, wanted: Wanted, place: Place, limit: int) -> Listing:
    answer = await ask(mesh, "http://laptops/laptops", wanted.params(place, limit), within_s=PAGE_S)
    if answer.status != 200 or not isinstance(answer.document, list):
        raise Away(f"status {answer.status}, and no list of laptops")
    laptops = fitting(Laptop, answer.document)
    following = _following(answer)
    # A link that does not lead on would lead a visitor in a circle.
    leads_on = following is not None and following.after and following != place
    return Listing(laptops, following if leads_on else None)


def _following(answer: Answer) -> Place | None:
    """Where the next page begins, as the link says."""
    numbers = [answer.following[name] for name in ("after", "at") if name in answer.following]
    if "after" not in answer.following or not all(map(_is_number, numbers)):
        return None
    return Place(*map(int, numbers))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _laptop(answer: Answer) -> FittedLaptop | None:
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise Away(f"status {answer.status}")
    try:
        return FittedLaptop.model_validate(answer.document)
    except ValidationError as error:
        raise Away("it is not a laptop that came") from error
