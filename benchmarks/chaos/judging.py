"""What a run comes to: pure functions of what the load and the peers wrote down. Times are monotonic seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf

from benchmarks.chaos.record import GET, POST, Arrived, Called, Kill
from launcher.load import quantile

# What the mesh says of an attempt of which nobody can know whether it was acted on.
_UNKNOWN = frozenset({"lost", "timed-out", "broken"})
# Until its connections are open a load tells nothing of how long a call usually takes.
_WARM_S = 1.0
# Requests that follow one another sooner belong to one try at an instance.
_ONE_TRY_S = 0.3
# For how long an instance that failed is left out: at first, and at most; what is drawn may be a quarter more.
_FIRST_PENALTY_S, _LAST_PENALTY_S, _DRAWN = 1.0, 30.0, 1.25
# A share is looked at for as long as this, so that one request is not much of it.
_WINDOW_S = 2.0


def due(calls: Iterable[Called], since: float = -inf, until: float = inf) -> list[Called]:
    """Those that were due in that time."""
    return [call for call in calls if since <= call.due_at < until]


def failed(calls: Iterable[Called], method: str = GET) -> list[Called]:
    """Those that brought no whole answer, or one that is a failure."""
    return [call for call in calls if call.method == method and not call.well]


def normal(calls: Iterable[Called], until: float) -> list[Called]:
    """Those that were due before a fault, once the load was warm."""
    before = due(calls, until=until)
    return due(before, since=min((call.due_at for call in before), default=until) + _WARM_S)


def p99_ms(calls: Iterable[Called]) -> float:
    """The time within which 99 of 100 repeatable calls ended, failed ones included."""
    return round(quantile([call.latency_s for call in calls if call.method == GET], 0.99) * 1000, 1)


def told_otherwise(calls: Iterable[Called]) -> list[Called]:
    """POSTs that failed, and of which the mesh did not say that nobody knows whether they were executed."""
    return [call for call in failed(calls, POST) if not call.tried or call.tried[-1].outcome not in _UNKNOWN]


def not_under_way(calls: Iterable[Called], kills: Sequence[Kill]) -> list[Called]:
    """POSTs that failed, though they were not under way while one of the kills happened."""
    return [
        call
        for call in failed(calls, POST)
        if not any(call.due_at <= kill.gone_at and kill.at <= call.ended_at for kill in kills)
    ]


def worst_of_posts(calls: Iterable[Called], broken: Iterable[str], arrivals: Iterable[Arrived]) -> int:
    """How many POSTs failed at the broken instance at which most did.

    A call names the instance of its last attempt; one without attempts is taken from where it arrived.
    """
    reached = {each.id: each.instance for each in arrivals}
    where = Counter(call.tried[-1].instance if call.tried else reached.get(call.id, "") for call in failed(calls, POST))
    return max((where[instance] for instance in broken), default=0)


def executed_twice(arrivals: Iterable[Arrived]) -> int:
    """How many POSTs reached the code of the peers of a service more than once.

    A peer is named after its service, a dash and a number: a chain executes each call once at every service.
    """
    seen = Counter((each.instance.rpartition("-")[0], each.id) for each in arrivals if each.method == POST)
    return sum(count > 1 for count in seen.values())


def share(arrivals: Iterable[Arrived], instance: str, since: float, until: float) -> float:
    """Which part of the requests of that time reached *instance*, in percent."""
    where = [each.instance for each in arrivals if since <= each.at < until]
    return round(100 * where.count(instance) / len(where), 2) if where else 0.0


def probe_late_s(arrivals: Iterable[Arrived], instance: str, repaired_at: float) -> float:
    """How long after the end of its penalty a repaired instance got its first request; infinite when it got none.

    The penalty is what the traffic shows: a second after the first try that failed, and twice as long after each
    further one, up to half a minute; a quarter more, since such times are drawn.
    """
    moments = [each.at for each in arrivals if each.instance == instance]
    after = next((at for at in moments if at >= repaired_at), inf)
    before = [at for at in moments if at < repaired_at]
    if not before:
        return max(0.0, after - repaired_at)
    repeats = sum(later - earlier > _ONE_TRY_S for earlier, later in pairwise(before))
    penalty_s = min(_FIRST_PENALTY_S * 2.0**repeats, _LAST_PENALTY_S) * _DRAWN
    return round(max(0.0, after - max(repaired_at, before[-1] + penalty_s)), 2)


def fair_after_s(arrivals: Sequence[Arrived], instance: str, repaired_at: float, fair: float) -> float:
    """How long after the repair *instance* had so much percent of two seconds' requests; infinite when it never had."""
    last = max((each.at for each in arrivals), default=repaired_at)
    at = repaired_at
    while at + _WINDOW_S <= last:
        if share(arrivals, instance, at, at + _WINDOW_S) >= fair:
            return round(at + _WINDOW_S - repaired_at, 1)
        at += 0.1
    return inf


def amplification(calls: Sequence[Called], arrivals: Iterable[Arrived], service: str) -> float:
    """How many requests reached the peers of *service* for each of the calls."""
    ids = {call.id for call in calls}
    reached = sum(each.id in ids and each.instance.rpartition("-")[0] == service for each in arrivals)
    return round(reached / len(calls), 3) if calls else inf


def goodput(calls: Iterable[Called], since: float, until: float) -> float:
    """Calls a second that ended well in that time."""
    return round(sum(call.well and since <= call.ended_at < until for call in calls) / (until - since), 1)


def capacity(calls: Iterable[Called], at_once: int) -> float:
    """Calls a second that peers bear who work on so many at once, by what a call takes that need not wait."""
    return at_once / quantile([call.latency_s for call in calls if call.well], 0.5)
