"""Token and certificates while we run: looked at once a second, and used from then on."""

from __future__ import annotations

import asyncio
import logging
from math import inf
from typing import NoReturn

from discovery.clock import Clock
from discovery.registry.access import Access
from discovery.registry.entries import Entries

logger = logging.getLogger(__name__)

# Looking costs a few system calls, in a thread, since a disk may be slow.
LOOK_EVERY_S = 1.0
# What goes on being wrong is told again and again, and is no flood.
_TOLD_EVERY_S = 60.0


async def keep_fresh(access: Access, entries: Entries, clock: Clock) -> NoReturn:
    """Follow what is in the files, for ever; tell what cannot be used at once, and then each minute.

    A new certificate is tried at once: the reads under way may last for another minute.
    """
    told, told_at = "", -inf
    while True:
        await clock.sleep(LOOK_EVERY_S)
        context = access.context
        await asyncio.to_thread(access.look)
        if access.context is not context and (refusal := await entries.tried()):
            # Connections that are there go on, so there is time to do something about it.
            logger.warning("the new certificate for Consul was tried: %s", refusal)
        trouble = "; ".join(filter(None, [access.trouble, await entries.renew()]))
        if trouble and (not told or clock.now() - told_at >= _TOLD_EVERY_S):
            logger.warning("what is there now is not used, and what was there before is: %s", trouble)
            told_at = clock.now()
        told = trouble
