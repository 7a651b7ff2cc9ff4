"""Why something failed, as a label.

Apart from the names themselves, since those are for commands too, which need not wait for asyncio.
"""

from __future__ import annotations

import asyncio


def error_type(error: BaseException | None) -> str:
    """Why something failed, as a label: the class of *error*. Cancellation is no failure, and gives nothing."""
    if error is None or isinstance(error, asyncio.CancelledError):
        return ""
    return type(error).__qualname__
