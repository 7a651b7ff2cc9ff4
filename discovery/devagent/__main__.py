"""``python -m discovery.devagent``: a Consul agent in memory, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from discovery.devagent.app import Devagent
from discovery.devagent.faults import DOOR, Faults


async def serve(host: str, port: int, *, faults: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Devagent(host, port, faults=Faults() if faults else None) as agent:
        print(agent.url, flush=True)  # noqa: T201 -- whoever starts it reads where it is
        await stop.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m discovery.devagent", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where to listen, without access control (%(default)s)")
    parser.add_argument("--port", type=int, default=8500, help="0 takes any free port (%(default)s)")
    parser.add_argument("--faults", action="store_true", help=f"misbehave as it is told from this host, by PUT {DOOR}")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.host, arguments.port, faults=arguments.faults))
    except OSError as exc:
        sys.exit(f"devagent: cannot listen at {arguments.host}:{arguments.port}: {exc.strerror or exc}")


if __name__ == "__main__":
    main()
