"""The attributes that the console understands; ``docs/telemetry.md`` explains them."""

from __future__ import annotations

import json
from typing import Final

SERVICE_NAME: Final = "service.name"
URL_PATH: Final = "url.path"
MESH_ATTEMPT: Final = "mesh.attempt"
MESH_ATTEMPTS: Final = "mesh.attempts"
MESH_INSTANCE_ID: Final = "mesh.instance.id"
MESH_NACK: Final = "mesh.nack"
MESH_OUTCOME: Final = "mesh.outcome"
MESH_RETRY_DELAY: Final = "mesh.retry.delay"
MESH_RETRY_REASON: Final = "mesh.retry.reason"


def as_text(value: object) -> str:
    """The value of an attribute as one reads it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
