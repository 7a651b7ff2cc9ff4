"""A Consul agent in memory that speaks Consul's HTTP API: for development and tests, never for production.

What it knows is gone when it stops. It claims the manners of Consul 1.19 as far as ``tests/contract`` compares it
with a real one, and no more.
"""

from discovery.devagent.app import Devagent

__all__ = ["Devagent"]
