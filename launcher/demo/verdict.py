"""Whether the mesh held while an instance was killed, judged beside the same load without the kill. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from launcher.demo.fate import Fate
from launcher.load import Tally

# A kill costs a retry and its delay, and the new process takes its part of the machine while it starts.
_TIMES, _PLUS_MS = 2.0, 50.0
# While a process starts, a busy machine may fail some requests that it could bear before; a tenth is not some.
_TOLERATED = 0.1
# A kill touches few requests. Where half of all take this long, it is the machine that is slow.
_SLOW_MS = 750.0


class Finding(Enum):
    """What a load with a kill showed."""

    HELD = "held"
    BROKEN = "broken"
    UNMET = "unmet"  # no request met the killed instance
    SLOW = "slow"  # half of it took so long that the machine must have got other work meanwhile
    DROWNED = "drowned"  # so much failed for want of time that it says nothing about the mesh


@dataclass(frozen=True, slots=True)
class Trial:
    """The same load without a kill and with one; why requests of the second failed, and how many got round the kill."""

    rate: float
    without: Tally
    killed: Tally
    fates: Mapping[Fate, int]
    got_round: int

    @property
    def finding(self) -> Finding:
        """What it showed. What cannot be accounted for speaks against the mesh: nothing is claimed on trust."""
        if self.fates.get(Fate.STRANDED) or self.fates.get(Fate.OTHER):
            return Finding.BROKEN
        if self.killed.failed > self.killed.sent * (_TOLERATED + 2 * self.without.failed / max(1, self.without.sent)):
            return Finding.DROWNED
        if self.fates.get(Fate.UNKNOWN):
            return Finding.BROKEN
        if self.killed.latency_ms(0.5) > _SLOW_MS:
            return Finding.SLOW
        return Finding.HELD if self.got_round else Finding.UNMET

    @property
    def unnoticed(self) -> bool:
        """Whether no user could tell: all were answered, and the slowest hundredth hardly later than without a kill."""
        before, after = self.without.latency_ms(0.99), self.killed.latency_ms(0.99)
        return self.killed.failed == 0 and after <= before * _TIMES + _PLUS_MS

    def effect(self) -> str:
        """What users noticed, or that they did not, and why requests failed."""
        if self.finding is Finding.UNMET:
            return "no request met the killed instance, so there was nothing to notice"
        if self.unnoticed:
            return "nobody noticed"
        if not self.killed.failed:
            before, after = self.without.latency_ms(0.99), self.killed.latency_ms(0.99)
            return f"nothing failed, but the slowest hundredth took {after:.0f} ms or more, instead of {before:.0f}"
        without = f"without the kill {self.without.failed} of {self.without.sent} failed"
        said = f"of those that failed, {', '.join(self._reasons())}; {without}"
        return f"{said}; that many say nothing about the mesh" if self.finding is Finding.DROWNED else said

    def _reasons(self) -> list[str]:
        sentences = {
            Fate.STRANDED: "{} met the killed instance and went nowhere else: the mesh should have sent them on",
            Fate.OTHER: "{} neither met it nor ran out of time",
            Fate.UNKNOWN: "{} left no whole trace, so nobody knows whether they met it",
            Fate.LATE: "{} ran out of time at an instance that lived: this machine was too slow for them",
        }
        return [sentence.format(count) for each, sentence in sentences.items() if (count := self.fates.get(each))]
