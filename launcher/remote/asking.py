"""One question to a running system: where it listens and its token are in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from discovery.errors import MeshError
from launcher.local import State

# Starting and draining instances takes seconds; a system that needs longer than this hangs.
_PATIENCE = aiohttp.ClientTimeout(total=90)


class ControlError(MeshError):
    """The running system did not do what it was asked."""


async def ask(state: State, path: str, content: Mapping[str, object]) -> Any:
    """Ask a running system.

    Raises:
        ControlError: when it did not do it.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, headers={"Authorization": f"Bearer {state.token}"}) as session,
            session.post(state.control + path, json=content) as response,
        ):
            if response.status == 200:
                return await response.json()
            raise ControlError(f"system {state.id}: {await response.text()}")
    except (aiohttp.ClientError, TimeoutError) as exc:
        raise ControlError(f"system {state.id} does not answer: {str(exc) or 'no answer in time'}") from exc
