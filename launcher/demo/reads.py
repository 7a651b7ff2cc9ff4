"""Reads of laptops whose traces are told with their answers, so that each one that fails can be looked up."""

from __future__ import annotations

from collections import Counter

from launcher.demo.fate import Broken, Fate, fate, is_settled
from launcher.demo.scene import Scene
from observability import trace_tree

# The first ten laptops have ports from the start.
_LAPTOPS = 10
# A span that is late comes; who waits longer waits for one that was lost.
_ARRIVAL_S = 15.0
# One process hands its spans on later than another. They leave each every 200 ms here, a busy one a little later.
_SPREAD_S = 1.0
# Of more, these say enough about the share.
_MOST = 100


class Reads:
    """Sends requests through the gateway, and remembers the trace of each and which of them failed."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.ids: list[str] = []
        self.failed: list[str] = []

    async def send(self, number: int) -> str:
        """Read the laptop whose turn it is; what was wrong with the answer, or ``""``."""
        problem, trace_id = "no answer", ""
        try:
            _, problem, trace_id = await self._scene.read_laptop(number % _LAPTOPS + 1)
        finally:
            self.ids.append(trace_id)
            if problem:
                self.failed.append(trace_id)
        return problem

    async def retried(self) -> list[str]:
        """The traces in which something was sent again, the latest first; as far as they have arrived."""
        mine = frozenset(self.ids)
        return [trace_id for trace_id in await self._scene.traces.retried() if trace_id in mine]

    async def arrived(self) -> None:
        """Wait until the trace of the last request is there, and so those of the others, but not for ever."""
        scene = self._scene
        try:
            last = next(filter(None, reversed(self.ids)), "")
            await scene.traces.wait_for(last, lambda spans: is_settled(trace_tree(spans)), _ARRIVAL_S)
        except TimeoutError:
            return
        await scene.clock.sleep(_SPREAD_S)

    async def got_round(self, broken: Broken) -> int:
        """How many requests met *broken*, and were answered well by somebody else."""
        traces = [await self._scene.traces.read(each) for each in await self.retried() if each not in self.failed]
        return sum(any(broken.met_by(node) for node in trace_tree(spans)) for spans in traces)

    async def fates(self, broken: Broken) -> Counter[Fate]:
        """Why requests failed; of many, the first are looked up."""
        deadline = self._scene.clock.now() + _ARRIVAL_S
        looked_up = [await self._fate(each, broken, deadline) for each in self.failed[:_MOST]]
        return Counter(looked_up)

    async def _fate(self, trace_id: str, broken: Broken, deadline: float) -> Fate:
        if not trace_id:
            return Fate.UNKNOWN
        scene = self._scene
        left_s = max(0.0, deadline - scene.clock.now())
        try:
            spans = await scene.traces.wait_for(trace_id, lambda spans: is_settled(trace_tree(spans)), left_s)
        except TimeoutError:
            return Fate.UNKNOWN
        return Fate.STRANDED if any(map(broken.held_up, spans)) else fate(trace_tree(spans), broken)
