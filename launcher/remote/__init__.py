"""Talking to a system that another command started."""

from launcher.remote.commands import detached, end_system, scale_system

__all__ = [
    "detached",
    "end_system",
    "scale_system",
]
