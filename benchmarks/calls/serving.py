"""One server as a process: ``python -m benchmarks.calls.serving KIND LOOP UPSTREAM``.

It says where it is. For every line that comes it sends what telemetry it has kept back; with the last it ends.
"""

from __future__ import annotations

import asyncio
import sys

from benchmarks.calls.loop import runner
from benchmarks.calls.servers import SERVERS, Server
from benchmarks.calls.telemetry import flush


async def serve(server: Server, upstream: str) -> None:
    """Serve until nobody asks any more."""
    async with server(upstream) as address:
        print(address, flush=True)  # noqa: T201 - whoever started us reads it
        while await asyncio.to_thread(sys.stdin.readline):
            await asyncio.to_thread(flush)
            print("flushed", flush=True)  # noqa: T201 - likewise


def _server(kind: str) -> Server:
    """Ours, or one with a library that is only where somebody asked for it."""
    if kind == "official":
        from benchmarks.calls.peers.instrumented import server  # noqa: PLC0415

        return server
    return SERVERS[kind]


def main() -> None:
    """Serve."""
    kind, loop, upstream = sys.argv[1:]
    with runner(loop) as started:
        started.run(serve(_server(kind), upstream))


if __name__ == "__main__":
    main()
