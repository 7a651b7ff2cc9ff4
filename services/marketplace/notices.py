"""What the notifications service tells whoever bought here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import hdrs
from pydantic import Field

import discovery
from services.marketplace.goods import Foreign, Text, fitting
from services.marketplace.orders import LIMIT_S, Unknown
from services.marketplace.peers import Answer, Away, ask

_PER_PAGE = 20


class Notice(Foreign):
    """A notification about an order; ``title`` says it all, ``text`` what there is to add."""

    id: Annotated[int, Field(ge=1, lt=10**18)]
    order: Annotated[int, Field(ge=1, lt=10**18)]
    title: Text
    text: str
    read: bool
    at_s: Annotated[float, Field(ge=0, lt=10**10)]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of them, the newest first; ``before`` is where the next page begins, None on the last."""

    notices: Sequence[Notice]
    before: int | None


class Notices:
    """Asks on behalf of whose *access* token it is.

    All methods raise :class:`~services.marketplace.peers.Away` and :class:`~services.marketplace.orders.Unknown`.
    """

    def __init__(self, mesh: discovery.Mesh, access: str) -> None:
        self._mesh = mesh
        self._headers: Mapping[str, str] = {hdrs.AUTHORIZATION: f"Bearer {access}"}

    async def page(self, before: int | None) -> Page:
        """Some of them, from the one before *before*."""
        answer = await self._ask("", params={"limit": _PER_PAGE, **({"before": before} if before else {})})
        if answer.status != 200 or not isinstance(answer.document, list):
            raise Away(f"status {answer.status}, and no list of notifications")
        said = answer.following.get("before", "")
        following = int(said) if said.isascii() and said.isdigit() and len(said) <= 18 else None
        return Page(fitting(Notice, answer.document), following)

    async def mark_read(self, id: int) -> None:
        """Have it kept that one was read, if there is such a one."""
        answer = await self._ask(f"/{id}/read", method=hdrs.METH_PUT)
        if answer.status not in {200, 404}:
            raise Away(f"status {answer.status}")

    async def _ask(self, path: str, **options: Any) -> Answer:
        url = f"http://notifications/notifications{path}"
        answer = await ask(self._mesh, url, within_s=LIMIT_S, headers=self._headers, **options)
        if answer.status in {401, 403}:
            raise Unknown(f"status {answer.status}")
        return answer
