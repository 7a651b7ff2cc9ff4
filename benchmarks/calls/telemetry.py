"""Telemetry that a process has kept back: what is sent later would be on nobody's bill."""

from __future__ import annotations

from opentelemetry import trace


def flush() -> None:
    """Have the exporters send what they have; without telemetry there is nothing to ask."""
    if send := getattr(trace.get_tracer_provider(), "force_flush", None):
        send()
