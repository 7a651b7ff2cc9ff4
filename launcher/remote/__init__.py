"""Talking to a system that another command started."""

from launcher.remote.asking import ControlError, ask
from launcher.remote.commands import detached, end_system, scale_system
from launcher.remote.staff import staff_of, told_staff

__all__ = [
    "ControlError",
    "ask",
    "detached",
    "end_system",
    "scale_system",
    "staff_of",
    "told_staff",
]
