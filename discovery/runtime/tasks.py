"""Background loops with one owner, who cancels and awaits them."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, NoReturn, Self

logger = logging.getLogger(__name__)


class Tasks:
    """Owns loops that never return. One that ends all the same is a defect: it is logged when it happens."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[NoReturn]] = set()
        self._open = False

    def start(self, loop: Coroutine[Any, Any, NoReturn], name: str) -> Callable[[], object]:
        """Run *loop* until the owner's block ends, or until what is returned is called before.

        It runs in an empty context: begun inside a request, it would else carry that request's deadline, and
        its span as the parent of everything it ever does.

        Raises:
            RuntimeError: outside the owner's block, where nobody would end the loop.
        """
        if not self._open:
            loop.close()
            raise RuntimeError(f"{name} needs its owner to be entered first (async with)")
        task: asyncio.Task[NoReturn] = asyncio.create_task(loop, name=name, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task.cancel

    def _ended(self, task: asyncio.Task[NoReturn]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.critical("the background loop %r died", task.get_name(), exc_info=error)

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
