"""What arrives at the collector is counted, since whoever drops spans is cheap."""

from __future__ import annotations

import gzip
from itertools import islice
from random import Random

import aiohttp

from benchmarks.batches import BATCH, batches
from benchmarks.calls.servers import collector
from benchmarks.calls.telemetry import counted


def test_spans_are_counted_by_the_scope_that_made_them() -> None:
    (body, headers), _ = islice(batches(Random(7), 0), 2)
    plain = gzip.decompress(body) if headers.get("Content-Encoding") else body

    assert counted(plain).total() == BATCH


async def test_the_collector_tells_what_came_packed_or_not() -> None:
    async with collector("") as address, aiohttp.ClientSession(f"http://{address}") as session:
        for body, headers in islice(batches(Random(7), 0), 2):
            async with session.post("/v1/traces", data=body, headers=headers) as response:
                assert response.status == 200
        async with session.get("/") as response:
            assert sum((await response.json()).values()) == 2 * BATCH
