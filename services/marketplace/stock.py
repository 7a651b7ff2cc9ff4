"""What staff change of a laptop: how many there are, and what one costs. A change is of the version that was seen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs
from pydantic import ValidationError

import discovery
from discovery.web import Problem
from services.marketplace.goods import Laptop, fitting
from services.marketplace.peers import Answer, Away, ask

# For all that a page asks for.
LIMIT_S = 1.8
_PER_PAGE = 50
# What is told of a laptop, and is not a part of what can be changed of it.
_TOLD = {"id", "reserved", "ports", "notice"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A laptop, and which version of it this is."""

    laptop: Laptop
    version: str


class Stale(Exception):
    """It is another version by now: ``now`` is it."""

    def __init__(self, now: Seen) -> None:
        super().__init__(now.version)
        self.now = now


class Stock:
    """The laptops as they are now, and nothing from memory. Whatever is asked has :data:`LIMIT_S`.

    All methods raise :class:`~services.marketplace.peers.Away`, after which it is not known whether a change was made,
    and Problem: 404 when there is no such laptop.
    """

    def __init__(self, mesh: discovery.Mesh) -> None:
        self._mesh = mesh

    async def page(self, words: str, after: int) -> tuple[tuple[Laptop, ...], int]:
        """Laptops with these *words*, from the one that follows *after*; and after which the next page begins, or 0."""
        params: dict[str, str | int] = {"limit": _PER_PAGE, "after": after}
        if words:
            params["search"] = words
        answer = await ask(self._mesh, "http://laptops/laptops", params, within_s=LIMIT_S)
        if answer.status != 200 or not isinstance(answer.document, list):
            raise Away(f"status {answer.status}, and no list of laptops")
        laptops = fitting(Laptop, answer.document)
        return laptops, laptops[-1].id if laptops and answer.following else 0

    async def see(self, id: int) -> Seen:
        """The laptop."""
        return _seen(await self._read(id))

    async def change(self, id: int, version: str, values: Mapping[str, int | None], token: str) -> None:
        """Let the laptop have these *values*, if it is still that *version*; the *token* is that of who changes it.

        Raises:
            Stale: when it is not.
            Problem: 403 when he may not.
        """
        try:
            async with asyncio.timeout(LIMIT_S):
                await self._change(id, version, values, token)
        except TimeoutError as error:
            raise Away("it took too long") from error

    async def _change(self, id: int, version: str, values: Mapping[str, int | None], token: str) -> None:
        before = await self._read(id)
        _seen(before)
        draft: dict[str, Any] = {name: value for name, value in before.document.items() if name not in _TOLD}
        answer = await ask(
            self._mesh,
            _url(id),
            within_s=LIMIT_S,
            method=hdrs.METH_PUT,
            json={**draft, **values},
            headers={hdrs.IF_MATCH: version, hdrs.AUTHORIZATION: f"Bearer {token}"},
        )
        if answer.status == 412:
            now = _seen(await self._read(id))
            # The first of two attempts may have been heard, though nobody heard that.
            if any(getattr(now.laptop, name) != value for name, value in values.items()):
                raise Stale(now)
        elif answer.status in {401, 403}:
            raise Problem(403, "You may not change this. Log in again, with an account of the staff.")
        elif answer.status != 200:
            raise Away(f"status {answer.status}")

    async def _read(self, id: int) -> Answer:
        return await ask(self._mesh, _url(id), within_s=LIMIT_S)


def _url(id: int) -> str:
    return f"http://laptops/laptops/{id}"


def _seen(answer: Answer) -> Seen:
    if answer.status == 404:
        raise Problem(404, "There is no such laptop, or there no longer is.")
    try:
        laptop = Laptop.model_validate(answer.document if answer.status == 200 else None)
    except ValidationError as error:
        raise Away(f"status {answer.status}, and no laptop") from error
    return Seen(laptop, answer.version)
