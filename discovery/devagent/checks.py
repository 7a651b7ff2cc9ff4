"""How a check is made: by asking over HTTP, or by waiting for word. Each runs for ever; :class:`Runners` owns them."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Iterable
from random import Random
from types import TracebackType
from typing import NoReturn, Self

import aiohttp

from discovery.clock import Clock
from discovery.devagent.definitions import CheckDefinition
from discovery.devagent.records import Status
from discovery.devagent.tasks import end

# As much of an answer as Consul keeps.
_OUTPUT_MAX = 4096

# Told the result of a check: its id, its status, its output.
Report = Callable[[str, Status, str], None]


class HttpCheck:
    """Asks a URL again and again: 2xx is passing, 429 a warning, everything else critical."""

    def __init__(self, definition: CheckDefinition, session: aiohttp.ClientSession) -> None:
        self._definition = definition
        self._session = session

    async def run(self, clock: Clock, rng: Random, report: Report) -> NoReturn:
        # Consul starts at a random point of the interval, so that checks registered together are made apart.
        await clock.sleep(rng.uniform(0, self._definition.interval_s))
        while True:
            report(self._definition.id, *await self._ask(clock))
            await clock.sleep(self._definition.interval_s)

    async def _ask(self, clock: Clock) -> tuple[Status, str]:
        definition = self._definition
        asked = f'{definition.method.capitalize()} "{definition.http}": '
        headers = [(name, value) for name, values in definition.header.items() for value in values]
        try:
            async with (
                clock.timeout(definition.timeout_s),
                self._session.request(
                    definition.method, definition.http, headers=headers, ssl=definition.verify_tls
                ) as response,
            ):
                text = (await _start_of(response)).decode(errors="replace")
        except TimeoutError:
            return Status.CRITICAL, asked + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        except (aiohttp.ClientError, ValueError, OSError) as exc:
            return Status.CRITICAL, asked + (str(exc) or type(exc).__name__)
        said = f"HTTP {definition.method} {definition.http}: {response.status} {response.reason} Output: {text}"
        if 200 <= response.status < 300:
            return Status.PASSING, said
        return (Status.WARNING if response.status == 429 else Status.CRITICAL), said


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= _OUTPUT_MAX:
            break
    return bytes(body[:_OUTPUT_MAX])


def cut(output: str) -> str:
    """What is kept of what somebody says about his check."""
    said = output.encode()
    if len(said) <= _OUTPUT_MAX:
        return output
    return f"{said[:_OUTPUT_MAX].decode(errors='ignore')} ... (captured {_OUTPUT_MAX} of {len(said)} bytes)"


class TtlCheck:
    """Turns critical when nothing is heard for too long."""

    def __init__(self, definition: CheckDefinition) -> None:
        self._definition = definition
        self._word = asyncio.Event()
        self._last = ""

    def hear(self, output: str) -> None:
        self._last = output
        self._word.set()

    async def run(self, clock: Clock, report: Report) -> NoReturn:
        while True:
            try:
                async with clock.timeout(self._definition.ttl_s):
                    await self._word.wait()
            except TimeoutError:
                follows = f" (last output before timeout follows): {self._last}" if self._last else ""
                report(self._definition.id, Status.CRITICAL, f"TTL expired{follows}")
                await self._word.wait()
            self._word.clear()


class Runners:
    """The running checks of one agent, by id. Leaving the block ends them."""

    def __init__(self, clock: Clock, rng: Random, report: Report) -> None:
        self._clock = clock
        self._rng = rng
        self._report = report
        self._tasks: dict[str, asyncio.Task[NoReturn]] = {}
        self._stopped: set[asyncio.Task[NoReturn]] = set()
        self._ttl: dict[str, TtlCheck] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "Consul Health Check", "Accept": "text/plain, text/*, */*"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._session:
            await end([*self._tasks.values(), *self._stopped])

    def start(self, definition: CheckDefinition) -> None:
        """Run a check from now on, instead of the one that ran under its id."""
        self.stop([definition.id])
        if definition.http:
            running = HttpCheck(definition, self._session).run(self._clock, self._rng, self._report)
        else:
            self._ttl[definition.id] = ttl = TtlCheck(definition)
            running = ttl.run(self._clock, self._report)
        # A clean context: the check outlives the request that registered it.
        self._tasks[definition.id] = asyncio.get_running_loop().create_task(running, context=contextvars.Context())

    def stop(self, check_ids: Iterable[str]) -> None:
        for check_id in check_ids:
            self._ttl.pop(check_id, None)
            if task := self._tasks.pop(check_id, None):
                task.cancel()
                self._stopped.add(task)
                task.add_done_callback(self._stopped.discard)

    def hear(self, check_id: str, output: str) -> bool:
        """Pass on word for a TTL check; tells whether there is one of that id."""
        if (ttl := self._ttl.get(check_id)) is None:
            return False
        ttl.hear(output)
        return True
