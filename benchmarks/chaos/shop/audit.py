"""The end of a bad day: until when the last order is settled, and what the books say then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.chaos.postgresql import Server
from benchmarks.chaos.shop import books
from benchmarks.chaos.shop.customers import Placed
from discovery.clock import Clock
from launcher.development import Row

_SETTLED_S, _PATIENCE_S, _LOOK_S = 30.0, 120.0, 0.1


async def audited(
    what: str, server: Server, placed: Sequence[Placed], stock: Mapping[int, int], whole_at: float, clock: Clock
) -> list[Row]:
    """Wait until nothing is open any more, which is timed from when all was *whole* again, and have the books read."""
    until = clock.now() + _PATIENCE_S
    while (left := await books.unsettled(server)) and clock.now() < until:
        await clock.sleep(_LOOK_S)
    took_s = round(clock.now() - whole_at, 1)
    while await books.untold(server) > 0 and clock.now() < until:
        await clock.sleep(_LOOK_S)
    read = await books.read(server)
    of = f"of {len(placed)}"
    return [
        *books.rows_of(what, read, placed, stock),
        Row(f"{what}: orders not settled {_PATIENCE_S:g} s after", left, of, "= 0", left == 0),
        Row(f"{what}: the last one is settled after", took_s, "s", f"<= {_SETTLED_S:g} s", took_s <= _SETTLED_S),
        Row(f"{what}: orders confirmed, the others cancelled", books.confirmed(read), of),
    ]
