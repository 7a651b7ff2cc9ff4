"""Which handlers are left to finish when nobody waits for their answer any more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

H = TypeVar("H", bound=Callable[..., object])

_MARK = "__proconsul_uninterrupted__"


def uninterrupted(handler: H) -> H:
    """Let *handler* finish, also after its caller has left or has run out of time.

    Any other handler is cancelled then, once, at the ``await`` where it stands: what it would still compute is for
    nobody. One that moves money in several steps would rather come to its end. It marks a function, a class-based view,
    or one method of it::

        @discovery.uninterrupted
        async def transfer(request: web.Request) -> web.Response:
            await debit(request)
            await credit(request)
            return web.Response()

        app.router.add_post("/transfer", transfer)

    When the process leaves, such a handler has until ``MESH_STOP_S`` like all others.
    """
    setattr(handler, _MARK, True)
    return handler


def is_uninterrupted(handler: object, method: str) -> bool:
    """Whether *handler*, as the router found it, is marked, or its part for *method* is."""
    while isinstance(handler, partial):
        if hasattr(handler, _MARK):
            return True
        handler = handler.func
    view = getattr(handler, method.lower(), None) if isinstance(handler, type) else None
    return hasattr(handler, _MARK) or hasattr(view, _MARK)
