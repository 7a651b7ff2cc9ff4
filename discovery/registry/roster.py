"""The instances of one service, from answer to answer.

A registry answers with everybody whenever one of them changes, and at ten thousand instances making all of them anew
takes half a second. So an entry that says what it said in the answer before is not decoded again: its instance comes as
the very same object, by which everybody else sees at once that nothing happened to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from discovery.model import Instance
from discovery.registry import codec
from discovery.registry.pool import Pool


class Roster:
    """Remembers an answer by the hashes of its entries, since those are as large as all that is made of them.

    The hash is Python's own, keyed by chance and 64 bits long. Among ten thousand entries a changed one is taken for
    another once in 10^15 changes.

    Answers may be decoded in several threads at once. Then the later one is remembered.
    """

    __slots__ = ("_known", "_pool")

    def __init__(self) -> None:
        self._known: Mapping[int, Instance | None] = {}
        self._pool = Pool()

    def decode(self, content: bytes) -> tuple[Instance, ...]:
        """The instances of an answer, ordered by id.

        Raises:
            Garbled: for an answer that Consul would not give.
        """
        before, pool = self._known, self._pool
        known: dict[int, Instance | None] = {}
        found: list[Instance | None] = []
        for entry in codec.entries(content):
            key = hash(bytes(entry))
            instance = before[key] if key in before else codec.decode_instance(entry, pool)
            known[key] = instance
            found.append(instance)
        self._known = known
        return tuple(sorted((each for each in found if each is not None), key=lambda each: (each.id, each.node)))
