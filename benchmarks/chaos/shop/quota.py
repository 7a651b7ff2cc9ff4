"""A quota of processor time for each of some processes, by control groups of Linux, old ones or new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from launcher.development import CannotRun

_ROOT = Path("/sys/fs/cgroup")
# Short, so that who has used up his time waits for a moment only.
_PERIOD_US = 20_000


@contextmanager
def quotas(cores: float) -> Iterator[Callable[[int], None]]:
    """What is yielded gives a process, by its number, so much of a core, alone, while the block lasts.

    Raises:
        CannotRun: where one may not, or there is no such thing.
    """
    first = (_ROOT / "cpu").is_dir()
    parent = (_ROOT / "cpu" if first else _ROOT) / f"mesh-{uuid4().hex[:8]}"
    made: list[Path] = []
    quota_us = int(cores * _PERIOD_US)

    def give(pid: int) -> None:
        place = parent / str(pid)
        place.mkdir()
        made.append(place)
        if first:
            (place / "cpu.cfs_period_us").write_text(str(_PERIOD_US), encoding="ascii")
            (place / "cpu.cfs_quota_us").write_text(str(quota_us), encoding="ascii")
        else:
            (place / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}", encoding="ascii")
        (place / "cgroup.procs").write_text(str(pid), encoding="ascii")

    try:
        parent.mkdir()
        if not first:
            for above in (_ROOT, parent):
                (above / "cgroup.subtree_control").write_text("+cpu", encoding="ascii")
    except OSError as error:
        raise CannotRun(f"no quota of processor time can be given here: {error}") from None
    try:
        yield give
    finally:
        # Whoever is still there has ended by then, or goes on without a quota.
        for place in (*made, parent):
            for pid in (place / "cgroup.procs").read_text(encoding="ascii").split():
                (parent.parent / "cgroup.procs").write_text(pid, encoding="ascii")
            place.rmdir()
