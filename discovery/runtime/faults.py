"""Faults on request: an operator makes an instance misbehave, to see that its callers do not care.

Off unless the process was started with ``MESH_FAULTS=on``; then the key ``mesh/<service>/fault`` rules, as
``{"instance": "ports-127.0.0.1-5001", "status": 503, "share": 0.5}``. Without ``instance`` it is for all. With
``late_s`` they wait so long, and are then answered with the status, or handled where there is none: an instance that is
slow, or that hangs for as long as anybody has patience.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

# Longer than anybody waits for an answer, and an end for who does not give up.
_LATEST_S = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Let *share* of the requests wait for *late_s*; then answer them with *status* instead of handling them.

    A status of None: handle them. One of the two is needed.
    """

    status: int | None
    instance: str = ""
    share: float = 1.0
    late_s: float = 0.0

    def __post_init__(self) -> None:
        if self.status is None and not self.late_s:
            raise ValueError("a status, late_s or both are needed")
        if not 0 <= self.late_s <= _LATEST_S:
            raise ValueError(f"late_s must be above 0 and at most {_LATEST_S:.0f}, got {self.late_s}")
        if self.status is not None and not 400 <= self.status <= 599:
            raise ValueError(f"status must be 400 to 599, got {self.status}")
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {self.share}")

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read the JSON of a settings key.

        Raises:
            ValueError: saying what is wrong with it.
        """
        value = json.loads(text)
        if not isinstance(value, dict) or not value.keys() <= {"status", "instance", "share", "late_s"}:
            raise ValueError("expected an object with status, instance, share and late_s")
        status, instance = value.get("status"), value.get("instance", "")
        share, late_s = value.get("share", 1.0), value.get("late_s", 0.0)
        if type(status) not in {int, type(None)} or not isinstance(instance, str):
            raise ValueError("expected a whole number as status, and text as instance")
        if not {type(share), type(late_s)} <= {int, float}:
            raise ValueError("expected numbers as share and late_s")
        return cls(status, instance, float(share), float(late_s))

    def strikes(self, instance_id: str, rng: Random) -> bool:
        """Whether this request of this instance is to fail."""
        return self.instance in {"", instance_id} and (self.share >= 1 or rng.random() < self.share)
