"""An answer whose call is out of time: who reads it is told, and who forgot it is warned."""

from __future__ import annotations

import logging

import aiohttp

from discovery.model import Target
from discovery.runtime import outcomes

logger = logging.getLogger(__name__)


def give_up(answer: aiohttp.ClientResponse, target: Target, method: str, path: str) -> None:
    """Close it, so that its instance is no longer taken for busy."""
    if not outcomes.being_read(answer):
        logger.warning(
            "the answer of %s to %s %s was neither read to its end nor released in the time of its call, and was "
            "closed: enter a call (async with mesh.get(...) as response), or release() its response",
            target,
            method,
            path.partition("?")[0],
        )
    answer.content.set_exception(TimeoutError("the time of the call was over before its body was read"))
    answer.close()
