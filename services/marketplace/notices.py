"""What the notifications service tells whoever bought here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp
from aiohttp import hdrs
from pydantic import Field

import discovery
from services.kit.web.route import EVENT_STREAM
from services.marketplace.goods import Foreign, Text, fitting
from services.marketplace.orders import LIMIT_S, Unknown
from services.marketplace.peers import Answer, Away, ask

_URL = "http://notifications/notifications"
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

    @property
    def newest(self) -> int:
        """The id of the newest of them; 0 where there is none."""
        return self.notices[0].id if self.notices else 0


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

    @asynccontextmanager
    async def coming(self, after: int) -> AsyncIterator[AsyncIterable[int | None]]:
        """The id of each that comes *after* that one, as the service tells it, until it ends; None: a sign of life."""
        asked: discovery.CallOptions = {"headers": {**self._headers, hdrs.ACCEPT: EVENT_STREAM}, "timeout": None}
        try:
            async with asyncio.timeout(LIMIT_S):
                answer = await self._mesh.get(f"{_URL}/live?after={after}", **asked)
            async with answer:
                _know(answer.status)
                if answer.status != 200:
                    raise Away(f"status {answer.status}, and no stream of notifications")
                yield _ids(answer.content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Away(str(error)) from error

    async def _ask(self, path: str, **options: Any) -> Answer:
        answer = await ask(self._mesh, f"{_URL}{path}", within_s=LIMIT_S, headers=self._headers, **options)
        _know(answer.status)
        return answer


async def _ids(lines: AsyncIterable[bytes]) -> AsyncIterator[int | None]:
    """Of the events in a stream of them (HTML, 9.2.6) those that are notifications."""
    last = b""
    async for line in lines:
        name, _, said = line.strip().partition(b": ")
        if name == b"id":
            last = said
        elif (name, said) == (b"event", b"notification") and last.isdigit() and len(last) <= 18:
            yield int(last)
        elif line.startswith(b":"):
            yield None


def _know(status: int) -> None:
    if status in {401, 403}:
        raise Unknown(f"status {status}")
