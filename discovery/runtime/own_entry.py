"""What our own entry should say, which its process may change while it runs. The registrar sees to it that it does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from discovery.errors import ConfigError
from discovery.model import Instance
from discovery.policy.registrable import LASTING, entry_problems, meta_problems


class OwnEntry:
    """``changed`` is set when the registry is to be told; ``out`` is why the instance is out of service, if it is.

    ``untold`` is whether the registry is still to be told of that.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.out: str | None = None
        self.changed = asyncio.Event()
        self.untold = False
        self._agreed = asyncio.Event()

    def update(
        self,
        weight: int | None = None,
        warning_weight: int | None = None,
        meta: Mapping[str, str] | None = None,
        tags: tuple[str, ...] | None = None,
    ) -> None:
        """Say something else from now on; what is ``None`` stays as it is.

        Raises:
            ConfigError: when Consul would not register that.
        """
        now = self.instance
        weight = now.weight if weight is None else weight
        warning_weight = now.warning_weight if warning_weight is None else warning_weight
        tags = now.tags if tags is None else tags
        problems = [*entry_problems("", "", tags, weight, warning_weight), *meta_problems(meta or {})]
        if problems:
            raise ConfigError(*problems)
        if meta is not None:
            lasting = {key: value for key, value in now.meta.items() if key in LASTING}
            now = replace(now, meta=MappingProxyType({**meta, **lasting}))
        self.instance = replace(now, weight=weight, warning_weight=warning_weight, tags=tuple(tags))
        self.changed.set()

    async def maintain(self, reason: str | None) -> None:
        """Be out of service for this *reason*, or back for ``None``; returns when the registry was told.

        It is told whatever it was told before: an operator may have said otherwise since.
        """
        self.out, self.untold = reason, True
        self._agreed.clear()
        self.changed.set()
        await self._agreed.wait()

    def told(self, out: str | None) -> None:
        """The registry was told that."""
        if self.out == out:
            self.untold = False
            self._agreed.set()
        else:  # somebody thought otherwise meanwhile
            self.changed.set()

    def put_anew(self) -> None:
        """The entry was put; had it been lost, its mark of being out of service was lost with it."""
        if self.out is not None:
            self.untold = True
            self.changed.set()
