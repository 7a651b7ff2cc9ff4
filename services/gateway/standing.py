"""Which documents of one service are in force, while its instances come, go, and are of two versions.

All that run now are, together: each new path is there with the first instance that has it, and each old one until the
last is gone. Where two say different things of one operation both have to be met, so an update never opens what a
version that still runs keeps closed. What was known stays until all that run were read, and when nobody is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from discovery import Health, Instance
from services.gateway.document import Document
from services.gateway.table import Named

# What an instance says in its meta: a digest of its document.
META = "openapi"


class Standing:
    """``missing`` are the versions that run and were not read; of ``instances`` one may be asked."""

    def __init__(self) -> None:
        self.missing: frozenset[str] = frozenset()
        self.instances = 0
        # Before the first look, somebody may be there.
        self._somebody = True
        self._running: Counter[str] = Counter()
        self._unsaid: frozenset[str] = frozenset()
        self._read: dict[str, Document | None] = {}
        self._in_force: dict[str, Document | None] = {}

    def see(self, instances: Iterable[Instance]) -> None:
        """Take in who is there now."""
        everybody = list(instances)
        self._somebody = bool(everybody)
        there = [each for each in everybody if each.health is not Health.CRITICAL]
        unsaid = frozenset([each.id for each in there if META not in each.meta])
        if not unsaid <= self._unsaid:
            self._read.pop("", None)  # who does not say which version it is may be of a new one
        self._unsaid = unsaid
        self.instances = len(there)
        if there:
            self._running = Counter([version_of(each) for each in there])
        self._settle()

    def take(self, version: str, document: Document | None) -> None:
        """Take in what *version* says; None: that it has no document."""
        self._read[version] = document
        self._settle()

    @property
    def heard(self) -> bool:
        """Whether it is known what is led to it."""
        return bool(self._in_force)

    @property
    def awaited(self) -> bool:
        """Whether that is still to be known, since somebody is there, or may be."""
        return self._somebody and not self.heard

    @property
    def named(self) -> Named:
        """The operations of all that is in force. One without a document opens nothing where another has one."""
        documents = [document for document in self._in_force.values() if document is not None]
        if not documents:
            return None
        return [operation for document in documents for operation in document.operations]

    @property
    def shown(self) -> Document | None:
        """The document of most of its instances."""
        found = [(self._running[version], version, it) for version, it in self._in_force.items() if it is not None]
        return max(found, key=lambda each: each[:2])[2] if found else None

    def _settle(self) -> None:
        self.missing = frozenset(self._running) - self._read.keys()
        known = {version: self._read[version] for version in self._running if version in self._read}
        if self.missing:
            known = {**self._in_force, **known}
        self._in_force = known
        self._read = {version: it for version, it in self._read.items() if version in self._running}


def version_of(instance: Instance) -> str:
    """Which version *instance* says it is; all that do not say are one."""
    return instance.meta.get(META, "")
