"""The checks of our own entry, as the agent that runs them tells them.

Others see a new status at once, but new words minutes later (Consul's ``check_update_interval``).
"""

from __future__ import annotations

import msgspec

from discovery.model import Check, Health
from discovery.registry.codec import Garbled


class _Known(msgspec.Struct, rename="pascal", gc=False):
    id: str = msgspec.field(name="CheckID")
    status: str
    name: str = ""
    output: str = ""
    notes: str = ""
    service_id: str = msgspec.field(name="ServiceID", default="")


_ALL = msgspec.json.Decoder(dict[str, _Known])
_STATUSES = frozenset(Health)


def decode(content: bytes, instance_id: str) -> tuple[Check, ...]:
    """Those of one instance in ``/v1/agent/checks``. Maintenance has its reason in its notes.

    Raises:
        Garbled: when that is no such answer.
    """
    try:
        known = _ALL.decode(content)
    except (ValueError, RecursionError) as exc:
        raise Garbled(str(exc)) from None
    return tuple(
        Check(
            each.id,
            Health(each.status) if each.status in _STATUSES else Health.CRITICAL,
            each.name,
            each.output or each.notes,
        )
        for each in known.values()
        if each.service_id == instance_id
    )
