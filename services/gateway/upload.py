"""The request's body on its way through: whole if it is small, so that the mesh can send it again; else as it comes."""

from __future__ import annotations

from typing import Self

from discovery.web import Body


class Upload:
    """The pieces that were read already, then the others: an iterator, which can be sent once."""

    def __init__(self, head: list[bytes], rest: Body) -> None:
        self._head = head
        self._rest = rest

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return self._head.pop(0) if self._head else await anext(self._rest)


async def begin(body: Body, in_memory: int) -> bytes | Upload | None:
    """Read until the end, or until there are more than *in_memory* bytes.

    Raises:
        Problem: see :class:`discovery.web.body.Body`.
    """
    whole = body.whole()
    if whole is not None:
        return (whole or None) if len(whole) <= in_memory else Upload([whole], body)
    head: list[bytes] = []
    received = 0
    async for piece in body:
        head.append(piece)
        received += len(piece)
        if received > in_memory:
            return Upload(head, body)
    return b"".join(head) or None
