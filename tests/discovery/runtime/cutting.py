"""Cancelling a piece of work at every point at which it waits, one after the other.

A task cannot be cancelled between two of its waits, so these points are all there are. Which lines of the source
they were is compared with the lines that hold an ``await``: none may be missed. It is read off the coroutines that
wait, and off the traceback too: an asynchronous generator does not say what it waits for, and a traceback is short of
some coroutines that did nothing else.
"""

from __future__ import annotations

import ast
import asyncio
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any

# A file, and a line of it.
Line = tuple[str, int]


@dataclass
class Scene:
    """The *work*, what must be true after it was cancelled, and when there is no more to be seen of it."""

    work: Callable[[], Coroutine[Any, Any, object]]
    check: Callable[[], Awaitable[None]]
    over: Awaitable[object] = field(default_factory=lambda: asyncio.Event().wait())


class _Cut:
    """Awaits *work*, and cancels the task as it comes to wait for the *at*-th time."""

    def __init__(self, work: Coroutine[Any, Any, object], at: int) -> None:
        self.done = False
        self.places: set[Line] = set()
        self._work = work
        self._at = at

    def __await__(self) -> Generator[Any, Any, object]:
        step: Callable[[], Any] = lambda: self._work.send(None)  # noqa: E731 - it is replaced in every turn
        for number in count(1):
            try:
                waits_for = step()
            except StopIteration as end:
                return end.value
            if number == self._at:
                self.done = True
                self.places = set(_waiting(self._work))
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the work's
                thrown = error
                step = lambda: self._work.throw(thrown)  # noqa: B023, E731
            else:
                step = lambda: self._work.send(sent)  # noqa: B023, E731
        raise AssertionError


def _waiting(work: Any) -> Iterator[Line]:
    """Where a coroutine waits, and where those wait for which it does."""
    while frame := getattr(work, "cr_frame", None) or getattr(work, "ag_frame", None):
        yield frame.f_code.co_filename, frame.f_lineno
        work = work.cr_await if hasattr(work, "cr_await") else work.ag_await


async def cut_everywhere(scene: Callable[[], AbstractAsyncContextManager[Scene]]) -> set[Line]:
    """Play the scene again and again, cancelling its work one wait later each time; return where that was."""
    places: set[Line] = set()
    for at in count(1):
        async with scene() as play:
            cut = _Cut(play.work(), at)

            async def work(cut: _Cut = cut) -> None:
                try:
                    await cut
                except asyncio.CancelledError as error:
                    frames = traceback.walk_tb(error.__traceback__)
                    cut.places.update((frame.f_code.co_filename, line) for frame, line in frames)
                    raise

            task = asyncio.create_task(work())
            over = asyncio.ensure_future(play.over)
            await asyncio.wait([task, over], return_when=asyncio.FIRST_COMPLETED)
            over.cancel()
            if not cut.done:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task  # to its end, if it has one; an error of its own is an error of the scene
                return places
            await asyncio.wait([task])
            places |= cut.places
            assert task.cancelled(), f"cancellation number {at} did not pass: {task}"
            await play.check()
    raise AssertionError


def awaits(module: ModuleType) -> dict[int, range]:
    """The lines of every ``await`` of a module, by the first."""
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Await)]
    return {node.lineno: range(node.lineno, (node.end_lineno or node.lineno) + 1) for node in nodes}


def missed(module: ModuleType, places: set[Line]) -> list[str]:
    """The awaits of a module at which nothing was cancelled, as they stand in the source."""
    assert module.__file__ is not None
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    here = {line for name, line in places if name == module.__file__}
    return [lines[first - 1].strip() for first, lines_of in awaits(module).items() if not here.intersection(lines_of)]
