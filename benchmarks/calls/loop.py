"""The event loop of a client or a server: asyncio's own, or uvloop's."""

from __future__ import annotations

import asyncio


def runner(loop: str) -> asyncio.Runner:
    """What runs a coroutine on that *loop*."""
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - only those who ask for it have it installed

        return asyncio.Runner(loop_factory=uvloop.new_event_loop)
    return asyncio.Runner()
