"""Who of a service is left out for failing, for how long, and who finds out when that is over.

The decisions are ``policy/standing.py`` and ``policy/ejection.py``; here they are carried out, and told.
"""

from __future__ import annotations

from collections.abc import Sequence

from discovery.model import Target
from discovery.observer import Ejected, Readmitted
from discovery.policy.ejection import Field, candidates, judge, waiting
from discovery.policy.picker import joined_again
from discovery.policy.standing import Peers, Standing
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.surroundings import Surroundings


class Outliers:
    """The standings of one service's instances, as this process sees them."""

    def __init__(self, target: Target, around: Surroundings) -> None:
        self._target = target
        self._around = around
        self._peers = Peers()
        self._among: Sequence[Endpoint] = ()
        self._out: Sequence[Endpoint] = ()

    def newcomer(self, came: float) -> Standing:
        """The standing of one of whom nothing is known, and who *came* now; ``-inf`` for those who are there first."""
        return Standing(self._peers, came)

    def left(self, endpoints: Sequence[Endpoint], now: float) -> None:
        """Those are not among the instances any more, and so nobody of them is out."""
        for endpoint in endpoints:
            if endpoint.standing.out_until is not None:
                self._told_back(endpoint, now)

    def field(self, among: Sequence[Endpoint], now: float) -> Field[Endpoint]:
        """Divide *among*, who might be chosen, into those who may be and those who wait for a probe."""
        self._among = among
        out = [each for each in among if each.standing.out_until is not None]
        field = candidates(among, now)
        self._out = () if field.within is among else [each for each in out if each.standing.out_until is not None]
        for each in out:
            if each.standing.out_until is None:  # all are let in, since nobody else is left
                self._told_back(each, now)
        return field

    @property
    def anybody_back(self) -> bool:
        """Whether somebody who was left out of the field is in again."""
        return any(each.standing.out_until is None for each in self._out)

    def waiting(self, now: float) -> tuple[Sequence[Endpoint], float]:
        """Of those left out of the field, who waits for a probe, and from when on that is to be asked again."""
        return waiting(self._out, now)

    def probe(self, due: Sequence[Endpoint], now: float, *, repeatable: bool) -> Endpoint | None:
        """Somebody who is out and whom the next call may ask how it is, if there is anybody."""
        if not self._peers.probing:
            return None
        for endpoint in due:
            if endpoint.standing.is_due(now, repeatable=repeatable):
                endpoint.standing.probe(now)
                return endpoint
            if not repeatable and endpoint.standing.is_due(now):
                return None  # the others wait for less long
        return None

    def heard(self, endpoint: Endpoint, works: bool | None, now: float, *, probe: bool, why: str) -> bool:
        """Note what an attempt says of its instance (``None``: nothing); whether that changes whom to choose."""
        standing = endpoint.standing
        if works is None:
            if probe:
                standing.undecided(now)
            return probe
        if works:
            return standing.succeeded(now, probe=probe) and self._readmit(endpoint, now)
        return standing.failed(probe=probe) and self._judge(endpoint, now, why)

    def _readmit(self, endpoint: Endpoint, now: float) -> bool:
        endpoint.load.reset()
        self._told_back(endpoint, now)
        return True

    def _told_back(self, endpoint: Endpoint, now: float) -> None:
        standing = endpoint.standing
        out_s, standing.joined = now - standing.joined, joined_again(now)
        self._around.observer.notify(Readmitted(self._target, endpoint.instance, out_s))

    def _judge(self, endpoint: Endpoint, now: float, why: str) -> bool:
        already_out = endpoint.standing.out_until is not None
        out = [each for each in self._among if each.standing.out_until is not None]
        for_s = judge(endpoint.standing, (each.standing for each in self._among), now, self._around.rng)
        if for_s is None:
            for each in out:
                self._told_back(each, now)
        else:
            if not already_out:
                endpoint.standing.joined = now
            self._around.observer.notify(Ejected(self._target, endpoint.instance, why, for_s))
        return True
