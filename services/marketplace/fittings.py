"""The ports of several laptops at once. Their absence costs a page what is said of ports, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import discovery
from services.marketplace.goods import FittedPort, Laptop, Port, fitting
from services.marketplace.peers import Away, ask

# A list without ports is worth more than one that comes late.
_LIMIT_S = 0.8
_AT_ONCE = 100
# Of as many laptops as are asked for at once, nobody has seen as many ports.
_PAGES = 4

Fittings = Mapping[int, tuple[Port, ...]]


async def fittings(mesh: discovery.Mesh, laptops: Sequence[Laptop]) -> Fittings | None:
    """The ports of each of the *laptops*, by their ids; None: nobody can say."""
    found: dict[int, tuple[Port, ...]] = {laptop.id: () for laptop in laptops}
    if not found:
        return found
    after = 0
    for _ in range(_PAGES):
        params: dict[str, str | int] = {"laptops": ",".join(map(str, found)), "limit": _AT_ONCE, "after": after}
        try:
            answer = await ask(mesh, "http://ports/ports", params, within_s=_LIMIT_S)
            ports = fitting(FittedPort, answer.document if answer.status == 200 else None)
        except (Away, ValueError):
            return None
        for port in ports:
            if port.laptop in found:
                found[port.laptop] += (port,)
        following = answer.following.get("after", "")
        if not ports or following != str(ports[-1].id):
            break
        after = ports[-1].id
    return found
