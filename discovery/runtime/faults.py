"""Faults on request: an operator makes an instance misbehave, to see that its callers do not care.

Off unless the process was started with ``MESH_FAULTS=on``; then the key ``mesh/<service>/fault`` rules, as
``{"instance": "ports-127.0.0.1-5001", "status": 503, "share": 0.5}``. Without ``instance`` it is for all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Fault:
    """Answer *share* of the requests with *status* instead of handling them."""

    status: int
    instance: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
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
        if not isinstance(value, dict) or not value.keys() <= {"status", "instance", "share"}:
            raise ValueError("expected an object with status, instance and share")
        status, instance, share = value.get("status"), value.get("instance", ""), value.get("share", 1.0)
        if type(status) is not int or not isinstance(instance, str) or not isinstance(share, (int, float)):
            raise ValueError("expected a whole number as status, text as instance and a number as share")
        return cls(status, instance, float(share))

    def strikes(self, instance_id: str, rng: Random) -> bool:
        """Whether this request of this instance is to fail."""
        return self.instance in {"", instance_id} and (self.share >= 1 or rng.random() < self.share)
