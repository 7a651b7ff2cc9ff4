"""For how long the registry may have known better than a process does."""

from __future__ import annotations

from discovery.model import Source
from discovery.runtime.directory import Directory


def staleness(directory: Directory, now: float) -> float:
    """Seconds since the view of a service could last have been contradicted; zero while it is watched.

    A watch that waits for news says at once what changes, so a view that nobody had to confirm for a minute is as good
    as new. A snapshot is as old as it says. Before there is any view nothing can be stale.
    """
    view = directory.view
    if view is None:
        return 0.0
    return view.age(now) if view.source is Source.SNAPSHOT else directory.followed(now).watch_lag_s
