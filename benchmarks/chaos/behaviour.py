"""How a peer treats the requests that it takes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong with a request."""

    NONE = "none"
    STATUS = "status"  # answered at once, with a status that says that it failed
    HANG = "hang"  # accepted, and never answered
    CUT = "cut"  # the head and half of the body come, and the connection is closed
    RESET = "reset"  # likewise, and the connection is reset
    SLOW = "slow"  # answered well, after ten times as long


SLOWER = 10.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A fault, and which share of the requests it meets."""

    fault: Fault = Fault.NONE
    share: float = 1.0
    status: int = 503

    def line(self) -> str:
        """As it is told to a peer."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Behaviour:
        """Read what :meth:`line` wrote."""
        content = json.loads(text)
        return cls(Fault(content["fault"]), content["share"], content["status"])


WELL = Behaviour()
