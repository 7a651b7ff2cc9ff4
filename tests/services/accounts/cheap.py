"""Hashes that cost next to nothing, for whatever is not about their cost."""

from __future__ import annotations

from argon2 import Parameters, Type

CHEAP = Parameters(type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=32, parallelism=4)
