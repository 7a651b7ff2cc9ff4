"""The real Consuls that the contract is asked of."""

from __future__ import annotations

import os
from pathlib import Path

from launcher.local.consul_choice import find_program


def consul_program() -> Path:
    """The program of today's Consul, for tests marked ``consul``."""
    program = find_program(os.environ)
    assert program is not None
    return program


def old_consul_program() -> Path:
    """The program of Consul 1.8, for tests marked ``consul_1_8``."""
    return Path(os.environ["CONSUL_1_8_BIN"])
