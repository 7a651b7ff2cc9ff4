"""A process that serves in the mesh, and misbehaves when it is told to.

Told by what is written to a Unix socket of its own, so that no limit and no network is in the way. Whatever reaches its
code is written down before anything else happens, so that the record outlives a kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from aiohttp import web

import discovery
from benchmarks.chaos.behaviour import SLOWER, WELL, Behaviour, Fault
from benchmarks.chaos.record import Arrived
from discovery.clock import SystemClock

READY = "serving"
# As long as a short answer is, in two halves.
_HALF = b"x" * 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a peer is: its service, how long it works on a request, on how many at once (0: on all).

    ``beyond`` is the service that it calls for each of its own requests, if any. ``registers`` is false where somebody
    else tells Consul about it.
    """

    service: str
    instance: str
    folder: str
    work_s: float = 0.005
    slots: int = 0
    beyond: str = ""
    registers: bool = True
    seed: int = 0

    @property
    def ledger(self) -> Path:
        """Where it writes down what reached it."""
        return Path(self.folder, f"{self.instance}.ledger")

    @property
    def control(self) -> Path:
        """The socket where it is told how to behave."""
        return Path(self.folder, f"{self.instance}.control")

    def argv(self) -> tuple[str, ...]:
        """How it is started."""
        return sys.executable, "-m", "benchmarks.chaos.peer", json.dumps(asdict(self))


class Peer:
    """The code of the service."""

    def __init__(self, plan: Plan, ledger: int) -> None:
        self._plan = plan
        self._ledger = ledger
        self._clock = SystemClock()
        self._rng = Random(f"{plan.seed} {plan.instance}")
        self._slots = asyncio.Semaphore(plan.slots) if plan.slots else nullcontext()
        self._behaviour = WELL

    async def control(self, request: web.Request) -> web.Response:
        """Behave so from now on."""
        self._behaviour = Behaviour.parse(await request.text())
        return web.Response()

    async def work(self, request: web.Request) -> web.StreamResponse:
        """Do what the service is for, or what was ordered instead."""
        id_ = request.match_info["id"]
        os.write(self._ledger, Arrived(self._clock.now(), self._plan.instance, request.method, id_).line().encode())
        behaviour = self._behaviour
        fault = behaviour.fault if self._rng.random() < behaviour.share else Fault.NONE
        if fault is Fault.STATUS:
            return web.Response(status=behaviour.status)
        if fault is Fault.HANG:
            await asyncio.Event().wait()
        if fault in {Fault.CUT, Fault.RESET}:
            return await _broken_off(request, reset=fault is Fault.RESET)
        async with self._slots:
            await self._clock.sleep(self._plan.work_s * (SLOWER if fault is Fault.SLOW else 1))
        return await self._beyond(request, id_) if self._plan.beyond else web.Response(body=_HALF * 2)

    async def _beyond(self, request: web.Request, id_: str) -> web.Response:
        mesh = request.app[discovery.MESH]
        try:
            async with mesh.request(request.method, f"http://{self._plan.beyond}/job/{id_}") as response:
                return web.Response(status=response.status, body=await response.read())
        except discovery.CallError as error:
            return web.Response(status=504 if isinstance(error, TimeoutError) else 502)


async def _broken_off(request: web.Request, *, reset: bool) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 2 * len(_HALF)
    await response.prepare(request)
    await response.write(_HALF)
    if (transport := request.transport) is not None:
        if reset:
            linger_for_nothing = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
            transport.abort()
        else:
            transport.close()
    return response


async def serve(plan: Plan) -> None:
    """Serve until the process is ended."""
    ledger = os.open(plan.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    peer = Peer(plan, ledger)
    app, orders = web.Application(), web.Application()
    app.router.add_route("*", "/job/{id}", peer.work)
    orders.router.add_put("/behaviour", peer.control)
    config = discovery.MeshConfig.from_env(plan.service, instance_id=plan.instance)
    runner = web.AppRunner(orders, access_log=None)
    await runner.setup()
    plan.control.unlink(missing_ok=True)
    await web.UnixSite(runner, str(plan.control)).start()
    around = discovery.Surroundings(rng=Random(f"mesh {plan.seed} {plan.instance}"))
    async with discovery.serving(app, config, around=around, register=plan.registers):
        print(READY, flush=True)  # noqa: T201 - whoever started us waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Plan(**json.loads(sys.argv[1]))))
