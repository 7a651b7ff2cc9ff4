"""Raw requests that are out to be read in two ways: what reaches a service of them, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType

import click

from benchmarks.chaos.gateway.stage import UNLIMITED, Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.gateway import corpus
from benchmarks.gateway.traefik import traefik, version
from launcher.development import Row
from launcher.plan import ROOT

_PATIENCE_S = 5.0
# What a trace is said by is another thing in each. Nobody listens where the traced one sends its spans.
_GATEWAYS: Mapping[str, Mapping[str, str]] = {
    "the gateway, untraced": {},
    "the gateway, traced": {
        "OTEL_SDK_DISABLED": "false",
        "OTEL_TRACES_SAMPLER": "always_on",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
    },
}

# All other paths are of the same service, as ours are of the shop, and a service is asked by its own name.
_TRAEFIK_LEADS = (
    f"traefik.http.routers.{corpus.SERVICE}.service={corpus.SERVICE}",
    "traefik.http.routers.rest.rule=PathPrefix(`/`)",
    "traefik.http.routers.rest.priority=1",
    f"traefik.http.routers.rest.service={corpus.SERVICE}",
    f"traefik.http.services.{corpus.SERVICE}.loadbalancer.passhostheader=false",
)
_TRAEFIK_SAYS = {
    "x-forwarded-port": r"[0-9]+",
    "x-forwarded-prefix": r"/api",
    "x-forwarded-server": r"[A-Za-z0-9.-]+",
    "x-real-ip": r"[0-9a-f.:]+",
}


def rows_of(whom: str, wrong: Mapping[str, str], sent: int) -> list[Row]:
    """The figure: how many of the requests *sent* were treated otherwise than they have to be."""
    return [
        Row(f"raw requests, {whom}: reached a service unsanitised, or hurt", len(wrong), f"of {sent}", "= 0", not wrong)
    ]


def beside(whom: str, wrong: Mapping[str, str]) -> list[Row]:
    """The same figure of another gateway, which is held to no goal of ours."""
    what = f"{whom}: reached a service unsanitised, or hurt"
    rows = [Row(f"raw requests, {what}", len(wrong), f"of {len(corpus.cases())}")]
    for part, cases in corpus.parts().items():
        found = sum(case.title in wrong for case in cases)
        rows.append(Row(f"raw requests about {part}, {what}", found, f"of {len(cases)}"))
    return rows


async def sent(
    address: tuple[str, int], upstream: corpus.Upstream, also: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Send all of them to *address*, in front of *upstream*, one after the other; returns what is wrong by name.

    *also* is what another gateway than ours says of its own.
    """
    wrong: dict[str, str] = {}
    for case in corpus.cases():
        answer = await _answer(address, case.sent)
        # What an intermediary sends on after it has answered must not be counted for the next one.
        if found := corpus.judge(case, answer, upstream.take(), host=f"127.0.0.1:{upstream.port}", also=also):
            wrong[case.title] = found
    return wrong


async def _answer(address: tuple[str, int], request: bytes) -> bytes:
    """What comes until the connection ends, or nothing comes any more."""
    answer = bytearray()
    reader, writer = await asyncio.open_connection(*address)
    try:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                writer.write(request)
                await writer.drain()
                while piece := await reader.read(65536):
                    answer += piece
    finally:
        writer.close()
    return bytes(answer)


async def _play(stage: Stage) -> list[Row]:
    rows = []
    for whom, telemetry in _GATEWAYS.items():
        async with stage.system() as system, corpus.Upstream().serving() as upstream:
            place = f"127.0.0.1:{upstream.port}"
            leading = {
                "MESH_STATIC": f"{corpus.SERVICE}={place},marketplace={place}",
                "GATEWAY_SERVICES": corpus.SERVICE,
            }
            gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED, **leading, **telemetry)
            await system.leads(gateway, f"/api/{corpus.SERVICE}/x")
            upstream.take()
            wrong = await sent(("127.0.0.1", gateway.port), upstream)
        for name, what in wrong.items():
            click.echo(f"mesh:   {name}: {what}", err=True)
        rows += rows_of(whom, wrong, len(corpus.cases()))
    return rows


async def _play_traefik(stage: Stage) -> list[Row]:
    whom = f"Traefik {await version()}"
    async with (
        corpus.Upstream().serving() as upstream,
        traefik(f"127.0.0.1:{upstream.port}", stage.clock, corpus.SERVICE, _TRAEFIK_LEADS) as hop,
    ):
        upstream.take()
        host, _, port = hop.address.partition(":")
        wrong = await sent((host, int(port)), upstream, _TRAEFIK_SAYS)
    return beside(whom, wrong)


SCENARIOS = (
    Scenario("smuggling", "raw requests with two readings", _play),
    Scenario("smuggling-traefik", "the same requests, to Traefik", _play_traefik),
)
