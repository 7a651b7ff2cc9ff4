"""A limit that finds itself, from nothing but the server's own latency.

It follows Netflix's Gradient2: the ratio of the latency that is usual to the latency of now says how much of the latter
is waiting. Below 1 the limit shrinks by as much; above, it grows by a small allowance for a queue, the square root of
the limit, so that it keeps asking whether there is more. Half a second of answers makes one step, smoothed.

What is usual is learned where nothing of ours waits. Gradient2 takes a long average, into which an overload of a
minute sinks, and then the limit grows in the midst of it. Here it follows a faster answer soon, and a slower one only
while the limit is less than half used or is as low as it gets. Where neither has been so for half a minute, half of the
limit is tried for a second: if answers come no faster then, the time is not spent waiting for us, and is what is usual
now. So the limit is not fooled by

- a slow dependency: as long as the limit is not in use, latency changes what is usual and nothing else;
- a slow dependency under load: it shrinks, finds out that this does not help, and grows again;
- idle hours: answers far apart make no step;
- its own start: the first answers, which wait for what is loaded late, make what is usual, and that falls soon.

A server whose requests differ a lot, by the hour, is no case for it: a change of the mixture looks like waiting.
"""

from __future__ import annotations

from math import sqrt

# Netflix's starting point for a limit.
START = 20
# One that is as low as one or two could be held up by a single slow request, and would learn nothing more.
FLOOR = 4
CEILING = 1000

# Half a second is long for a latency and short for an overload; ten answers make a mean worth the name.
WINDOW_S = 0.5
LEAST = 10
# Answers further apart than this are no common window.
STALE_S = 10.0

# Gradient2's: latency may rise by half before anything shrinks, no step takes more than half, a fifth of it counts.
TOLERANCE = 1.5
MOST = 0.5
SMOOTHING = 0.2

# How much of a window counts towards what is usual: of a faster one, and of a slower one without waiting.
_FASTER = 0.25
_SLOWER = 0.1

# After so many steps in use half of the limit is tried: for a step in which older requests end, and one that counts.
# Had all the time been waiting for us, half of it would remain; at three quarters most of it was not.
_PATIENCE = 60
_NO_FASTER = 0.75

# Until anything first waited: to a thousand in ten steps, five seconds.
_WARMING = 1.5


class AdaptiveLimit:
    """Shrinks when answers take longer than usual while it is in use, and grows otherwise."""

    __slots__ = (
        "_began_at",
        "_count",
        "_crowded",
        "_limit",
        "_most",
        "_settled",
        "_sum_s",
        "_tried_for",
        "_usual_s",
        "_warming",
    )

    def __init__(self) -> None:
        self._limit = float(START)
        self._usual_s: float | None = None
        self._warming = True
        self._crowded = 0
        self._tried_for: tuple[float, float] | None = None
        self._settled = False
        self._began_at = 0.0
        self._count = 0
        self._sum_s = 0.0
        self._most = 0

    @property
    def value(self) -> int:
        """How many at once."""
        return int(self._limit)

    def observe(self, now: float, took_s: float, in_flight: int) -> None:
        """A request took so many seconds; so many were under way when it ended, itself included."""
        if not self._count or now - self._began_at > STALE_S:
            self._begin(now)
        self._count += 1
        self._sum_s += took_s
        self._most = max(self._most, in_flight)
        if self._count >= LEAST and now - self._began_at >= WINDOW_S:
            self._step(self._sum_s / self._count, in_use=self._most >= self._limit / 2)
            self._count = 0

    def _begin(self, now: float) -> None:
        self._began_at, self._count, self._sum_s, self._most = now, 0, 0.0, 0

    def _step(self, took_s: float, *, in_use: bool) -> None:
        if self._tried_for is not None:
            self._judge(took_s, *self._tried_for)
            return
        usual_s = self._usual_s = self._usual(took_s, in_use=in_use)
        self._crowded = self._crowded + 1 if in_use and took_s > usual_s else 0
        if not in_use:
            return
        gradient = max(MOST, min(1.0, TOLERANCE * usual_s / took_s)) if took_s > 0 else 1.0
        if gradient < 1:
            self._warming = False
        if self._warming:
            self._limit *= _WARMING
        else:
            self._limit += SMOOTHING * (self._limit * gradient + sqrt(self._limit) - self._limit)
        self._limit = max(float(FLOOR), min(self._limit, float(CEILING)))
        if self._crowded >= _PATIENCE:
            self._tried_for, self._settled = (self._limit, took_s), False
            self._limit = max(float(FLOOR), self._limit / 2)

    def _judge(self, took_s: float, limit: float, before_s: float) -> None:
        """Half of *limit* was tried, under which answers took *before_s*."""
        if not self._settled:
            self._settled = True
            return
        if took_s > _NO_FASTER * before_s:
            self._usual_s = took_s
        self._limit, self._tried_for, self._crowded = limit, None, 0

    def _usual(self, took_s: float, *, in_use: bool) -> float:
        if self._usual_s is None:
            return took_s
        if took_s < self._usual_s:
            share = _FASTER
        elif not in_use or self.value <= FLOOR:
            share = _SLOWER
        else:
            return self._usual_s
        return self._usual_s + share * (took_s - self._usual_s)
