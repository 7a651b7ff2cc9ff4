"""How much each service, and each of its instances, has to do: the requests that they served, from their own spans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, select

from observability.console.reading.figures import LASTED, SECOND_NS, SERVED, WRONG, Figures, grouped, since
from observability.console.store.schema import RESOURCES, SPANS

_MINUTE_NS = 60 * SECOND_NS
# Asked every few seconds, and exact up to 300 requests a second.
_SPANS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second, the share of them that failed, and how long they took."""

    rate: float
    errors: float
    p50_ms: float
    p95_ms: float

    def document(self) -> dict[str, float]:
        """What readers are shown."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Loads:
    """Who has how much to do; who is not in it served nothing, or does not say so."""

    services: Mapping[str, Load] = field(default_factory=dict)
    instances: Mapping[tuple[str, str], Load] = field(default_factory=dict)


def loads(connection: Connection, now_ns: int) -> Loads:
    """The load of the last minute."""
    begin = since(connection, SERVED, now_ns - _MINUTE_NS, now_ns, _SPANS_MAX)
    names = speakers(connection)
    spans = connection.execute(
        select(SPANS.c.resource, LASTED, WRONG).where(SERVED, SPANS.c.start_ns.between(begin, now_ns))
    ).all()
    by_service = grouped((names[resource][0], lasted, wrong, 0) for resource, lasted, wrong in spans)
    by_instance = grouped((names[resource], lasted, wrong, 0) for resource, lasted, wrong in spans)
    return Loads(
        services={name: load(figures, now_ns - begin) for name, figures in by_service.items()},
        instances={name: load(figures, now_ns - begin) for name, figures in by_instance.items()},
    )


def load(figures: Figures, period_ns: int) -> Load:
    """The load that *figures* are when they come from *period_ns*."""
    rate = figures.calls / (max(1, period_ns) / SECOND_NS)
    return Load(rate, figures.errors, figures.percentile_ms(50), figures.percentile_ms(95))


def speakers(connection: Connection) -> dict[int, tuple[str, str]]:
    """The service and the instance of each resource."""
    known = connection.execute(select(RESOURCES.c.id, RESOURCES.c.service, RESOURCES.c.instance))
    return {resource: (service, instance) for resource, service, instance in known}
