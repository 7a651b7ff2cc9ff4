"""Whether the mesh held while an instance was killed, judged beside the same load without the kill. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from launcher.demo.fate import Fate
from launcher.load import Tally

# What a retry and its delay may cost the slowest hundredth, who are few, before a user could tell.
_PLUS_MS, _PLUS_SHARE = 50.0, 0.25
# While a process starts, a busy machine is too slow for some requests that it could bear before; a tenth is not some.
_TOLERATED, _TOLERATED_AT_MOST = 0.1, 0.3
# A kill touches few requests. Where half of all take this long, it is the machine that is slow.
_SLOW_MS = 750.0


class Finding(StrEnum):
    """What a load with a kill showed."""

    HELD = "held"
    BROKEN = "broken"
    UNMET = "unmet"  # no request met the killed instance
    SLOW = "slow"  # half of it took so long that the machine must have got other work meanwhile
    DROWNED = "drowned"  # so much ran out of time that it says nothing about the mesh
    UNTOLD = "untold"  # a request failed, and no trace says why

    @property
    def conclusive(self) -> bool:
        """Whether it says something about the mesh."""
        return self not in {Finding.DROWNED, Finding.UNTOLD}


@dataclass(frozen=True, slots=True)
class Trial:
    """The same load without a kill and with one.

    ``calm`` and ``fates`` say why requests failed without and with the kill, as far as they were looked up;
    ``got_round`` how many met the killed instance and were answered by another.
    """

    rate: float
    without: Tally
    calm: Mapping[Fate, int]
    killed: Tally
    fates: Mapping[Fate, int]
    got_round: int

    @property
    def finding(self) -> Finding:
        """What it showed. What failed, and was not late, is never put down to the machine."""
        if self.fates.get(Fate.STRANDED) or self.fates.get(Fate.OTHER):
            return Finding.BROKEN
        late, before = _late(self.killed, self.fates), _late(self.without, self.calm)
        if not self.killed.latencies_s or late > min(_TOLERATED + 2 * before, _TOLERATED_AT_MOST):
            return Finding.DROWNED
        if self.fates.get(Fate.UNKNOWN):
            return Finding.UNTOLD
        if not self.got_round:
            return Finding.UNMET
        return Finding.SLOW if self.killed.latency_ms(0.5) > _SLOW_MS else Finding.HELD

    @property
    def unnoticed(self) -> bool:
        """Whether no user could tell: all were answered, and the slowest hundredth hardly later than without a kill."""
        before, after = self.without.latency_ms(0.99), self.killed.latency_ms(0.99)
        hardly = after <= before + max(_PLUS_MS, before * _PLUS_SHARE)
        return self.killed.failed == 0 and self.got_round > 0 and hardly

    def effect(self) -> str:
        """What users noticed, or that they did not, and why requests failed."""
        if self.killed.failed:
            return self._failures()
        if not self.got_round:
            return "no request met the killed instance, so there was nothing to notice"
        if self.unnoticed:
            return "nobody noticed"
        before, after = self.without.latency_ms(0.99), self.killed.latency_ms(0.99)
        return f"nothing failed, but the slowest hundredth took {after:.0f} ms or more, instead of {before:.0f}"

    def _failures(self) -> str:
        sentences = {
            Fate.STRANDED: "{} met the killed instance and went nowhere else: the mesh should have sent them on",
            Fate.OTHER: "{} neither met it nor ran out of time: the mesh should have had them answered",
            Fate.UNKNOWN: "{} left no whole trace, so nobody knows whether they met it",
            Fate.LATE: "{} ran out of time at an instance that lived: this machine was too slow for them",
        }
        said = [sentence.format(count) for each, sentence in sentences.items() if (count := self.fates.get(each))]
        looked_up = sum(self.fates.values())
        of = "of those that failed" if looked_up == self.killed.failed else f"of {looked_up} of those that failed"
        without = f"without the kill {self.without.failed} of {self.without.sent} failed"
        end = "" if self.finding.conclusive else "; so this says nothing about the mesh"
        return f"{of}, {', '.join(said)}; {without}{end}"


def _late(tally: Tally, fates: Mapping[Fate, int]) -> float:
    """The share of a load that ran out of time, as far as was looked up."""
    looked_up = sum(fates.values())
    return tally.failed / tally.sent * fates.get(Fate.LATE, 0) / looked_up if looked_up else 0.0
