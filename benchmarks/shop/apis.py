"""Requests made from each service's document by Schemathesis, allowed ones and others, at a process with an issuer."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.chaos.gateway.issuer import issuing
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.tokens import TokenMaker
from benchmarks.room import SEED
from discovery.clock import SystemClock
from launcher.development import CannotRun, Row
from launcher.local import Choice

# Who has a document, and an issuer that is another service.
SERVICES = ("laptops", "notifications", "orders", "payments", "ports", "recommendations")
_CASES, _EXAMPLES, _QUICK_EXAMPLES = 2000, 60, 3
_LIVES_S = 900
# What a document says is looser than what is taken, so what it allows may be refused; what it forbids must be. And a
# change without If-Match is answered as RFC 6585 says.
_CONFIG = """
[checks]
positive_data_acceptance.enabled = false
missing_required_header.expected-statuses = [400, 401, 403, 415, 422, 428]
"""
_CRASHED, _LET_IN = "not_a_server_error", "ignored_auth"


async def rows(*, quick: bool) -> Sequence[Row]:
    """Ask all of them, one after another."""
    stage = Stage(choice=Choice(embedded=True), clock=SystemClock(), seed=SEED, quick=quick)
    maker, found = TokenMaker(), Counter[str]()
    async with stage.system() as system, issuing(maker, system.consul_url):
        config = system.folder / "schemathesis.toml"
        config.write_text(_CONFIG, encoding="utf-8")
        for name in SERVICES:
            service = await system.start(f"{name}-1", AUTH_ISSUER=maker.url)
            now = stage.clock.wall()
            token = maker.token(now, scope="customer staff", exp=int(now) + _LIVES_S)
            report = system.folder / f"{name}.ndjson"
            examples = _QUICK_EXAMPLES if quick else _EXAMPLES
            await _asked(f"{service.url}/openapi.json", config, token, examples, report)
            found += counted(report.read_text(encoding="utf-8").splitlines())
    return rows_of(found, 0 if quick else _CASES)


def counted(lines: Iterable[str]) -> Counter[str]:
    """From a report of Schemathesis: the ``cases``, and how often each of its checks failed."""
    found: Counter[str] = Counter()
    for line in lines:
        recorded = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        found["cases"] += len(recorded.get("cases", {}))
        found.update(
            check["name"]
            for checks in recorded.get("checks", {}).values()
            for check in checks
            if check["status"] != "success"
        )
    return found


def rows_of(found: Counter[str], cases: int) -> list[Row]:
    """The figures; *cases* is how many there have to be at least."""
    made = found["cases"]
    crashed, let_in = found[_CRASHED], found[_LET_IN]
    otherwise = found.total() - made - crashed - let_in
    least = f">= {cases:,}" if cases else ""
    return [
        Row(f"requests made from the documents of {', '.join(SERVICES)}", made, "", least, made >= cases),
        Row("... answered by 5xx", crashed, f"of {made}", "= 0", crashed == 0),
        Row("... answered otherwise than the document says", otherwise, f"of {made}", "= 0", otherwise == 0),
        Row("... that succeeded without the token they need", let_in, f"of {made}", "= 0", let_in == 0),
    ]


async def _asked(url: str, config: Path, token: str, examples: int, report: Path) -> None:
    fuzz = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", url),
        *("--generation-deterministic", "--max-examples", str(examples)),
        *("--header", f"Authorization: Bearer {token}", "--report-ndjson-path", str(report)),
        # Another name for the same handlers.
        *("--exclude-path-regex", "^/port(/|$)", "--warnings", "off", "--no-color"),
        cwd=config.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await fuzz.communicate()
    if fuzz.returncode not in {0, 1}:
        raise CannotRun(f"Schemathesis: {said.decode(errors='replace')[-400:]}")
